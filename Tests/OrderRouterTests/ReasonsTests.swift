import Foundation
import Testing

/// `docs/reasons.md` is complete: a token that the code can show and the page does not explain fails here.
@Suite struct ReasonsTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Words in snake case that are no reasons: names of steps, table modes, settings and the like.
    private static let others: Set<String> = [
        "assign_table", "place_order", "look_up_attempt", "check_placement", "read_bill", "regain_table", "settle_bill",
        "post_deposit", "check_settlement", "release_table", "cancel_order", "ask_to_cancel", "retry_order",
        "requeue_location", "resume_location", "leave_queue", "order_router", "duration_ms",
        "create_routes_orders_steps", "tell_of_changes",
        "orders_accepted_total", "order_transitions_total", "order_decisions_total", "order_number",
        "order_checks_unanswered_total", "erase_guest", "guests_of_orders", "texts_of_steps",
    ]

    private func sources(_ folder: String) throws -> [(name: String, text: String)] {
        let base = Self.root.appending(path: folder)
        let paths = try FileManager.default.subpathsOfDirectory(atPath: base.path).filter { $0.hasSuffix(".swift") }
        return try paths.map { ($0, try String(contentsOf: base.appending(path: $0), encoding: .utf8)) }
    }

    private func listed() throws -> Set<String> {
        let page = try String(contentsOf: Self.root.appending(path: "docs/reasons.md"), encoding: .utf8)
        return Set(page.matches(of: #/`([a-z][a-z_0-9]*)`/#).map { String($0.1) })
    }

    /// Rule P1.
    @Test func everyReasonIsExplained() throws {
        let listed = try listed()
        var seen: Set<String> = []
        for (name, text) in try sources("services/order-router") {
            // Names of columns and of JSON members stand in every row reader.
            let words = text.replacing(#/row\w*\["[a-z_]+"/#, with: "").replacing(#/\["[a-z_]+", as:/#, with: "")
            for match in words.matches(of: #/"([a-z]+(?:_[a-z]+)+)"/#) {
                let word = String(match.1)
                guard !Self.others.contains(word) else { continue }
                seen.insert(word)
                #expect(listed.contains(word), "\(word) in \(name) is not in docs/reasons.md")
            }
        }
        // A pattern that finds nothing would prove nothing.
        #expect(seen.isSuperset(of: ["order_moved_on", "register_unreachable", "bill_gone", "call_refused"]))
    }

    @Test func everyReasonOfAnyServiceIsExplained() throws {
        let listed = try listed()
        var count = 0
        for (name, text) in try sources("services") + sources("shared") {
            for match in text.matches(of: #/reason: "([a-z]+(?:_[a-z]+)*)"/#) {
                count += 1
                #expect(listed.contains(String(match.1)), "\(match.1) in \(name) is not in docs/reasons.md")
            }
        }
        #expect(count > 20)
    }
}
