import Foundation
import Testing

/// The checker itself: it must find what is planted, and nothing where nothing is.
struct LeaseHistoryTests {
    private static let start = ContinuousClock.now

    private static func held(
        _ table: Int,
        _ token: Int,
        _ from: Int,
        _ until: Int,
        merchant: String = "m1",
        order: UUID = UUID()
    ) -> LeaseHistory.Interval {
        LeaseHistory.Interval(
            merchant: merchant,
            location: "main",
            table: table,
            order: order,
            token: token,
            from: start + .milliseconds(from),
            until: start + .milliseconds(until)
        )
    }

    @Test("A history without overlaps has no problems")
    func aCleanHistory() {
        let history = [
            Self.held(1, 1, 0, 10), Self.held(1, 3, 10, 20), Self.held(2, 2, 0, 20),
            Self.held(1, 2, 5, 15, merchant: "m2"),
        ]
        #expect(LeaseHistory.problems(of: history) == [])
        #expect(LeaseHistory.problems(of: []) == [])
    }

    @Test(
        "A planted overlap is found",
        arguments: [
            [held(1, 1, 0, 10), held(1, 2, 9, 20)],
            [held(1, 1, 0, 100), held(1, 2, 10, 20)],
            [held(1, 1, 0, 100), held(2, 2, 0, 5), held(1, 3, 10, 20), held(1, 4, 50, 60)],
            [held(1, 2, 0, 10), held(1, 1, 9, 20)],
        ]
    )
    func aPlantedOverlap(_ history: [LeaseHistory.Interval]) {
        #expect(LeaseHistory.problems(of: history).contains { $0.contains("overlap") })
    }

    @Test("A token that does not grow is found")
    func aTokenThatDoesNotGrow() {
        #expect(LeaseHistory.problems(of: [Self.held(1, 5, 0, 10), Self.held(1, 5, 20, 30)]).count == 1)
        #expect(LeaseHistory.problems(of: [Self.held(1, 5, 0, 10), Self.held(1, 4, 20, 30)]).count == 1)
    }

    @Test("An order at two places is found")
    func anOrderAtTwoPlaces() {
        let order = UUID()
        let history = [Self.held(1, 1, 0, 10, order: order), Self.held(1, 2, 20, 30, merchant: "m2", order: order)]
        #expect(LeaseHistory.problems(of: history).count == 1)
    }
}
