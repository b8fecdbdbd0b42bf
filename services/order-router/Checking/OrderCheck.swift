import Contracts
import Foundation
import RPC

/// Whether an order could be served, from what is known of its location, its menu and its tables (rule P3).
///
/// The rules, with no I/O. What `SubmitOrder` would refuse, or the register would not make, is in the way. What would be
/// taken in and wait (rule K32), or go on with a remark (rules K33, K35), is a warning. What our own services cannot say
/// just now never stops a guest.
struct OrderCheck {
    let request: CheckOrderRequest
    let location: KnownLocation
    let menu: MenuKnowledge
    /// `nil` where the order names no table.
    let tables: TableKnowledge?
    /// When the location's gateway was last heard of.
    let heardAt: Date?
    let now: Date

    /// How long a gateway may be silent before its register counts as not known; it is heard every half second.
    private static let silence: TimeInterval = 30

    var response: CheckOrderResponse {
        let problems = contentProblems + tableProblems + menuProblems + locationProblems
        let blocking = problems.filter { $0.severity == Open(.blocking) }
        return CheckOrderResponse(
            canOrder: blocking.isEmpty,
            problems: blocking + problems.filter { $0.severity != Open(.blocking) },
            knowledge: knowledge,
            tips: location.route.capabilities.tips,
            payLater: location.route.capabilities.payLater
        )
    }

    private var knowledge: CheckKnowledge {
        var knowledge = CheckKnowledge(
            checkedAt: now,
            connectionStatus: location.route.status,
            connectionStatusSince: location.statusSince,
            connectionTestedAt: location.testedAt,
            connectionHeardAt: heardAt,
            tablesAsOf: tables?.asOf
        )
        if case .answered(let answer, _) = menu {
            knowledge.menuVersion = answer.menuVersion
            knowledge.menuAsOf = answer.menuAsOf
            knowledge.stockAsOf = answer.stockAsOf
        }
        return knowledge
    }

    // MARK: - The order itself

    private var contentProblems: [CheckProblem] {
        let capabilities = location.route.capabilities
        var problems = request.problems(capabilities: capabilities).map { problem in
            CheckProblem(
                .invalidOrder,
                .blocking,
                "\(problem.field) \(problem.problem)\(problem.accepted.map { "; accepted: \($0)" } ?? "").",
                field: problem.field,
                line: problem.line,
                nextAction: .fixRequest
            )
        }
        if request.tipCents ?? 0 > 0, !capabilities.tips {
            problems.append(
                CheckProblem(
                    .tipsNotTaken,
                    .warning,
                    "The register takes no tips: a tip would be recorded, and not reach it.",
                    field: "tipCents",
                    nextAction: .fixRequest
                )
            )
        }
        return problems
    }

    // MARK: - Its table

    private var tableProblems: [CheckProblem] {
        guard let table = request.tableNumber, let tables else { return [] }
        func unknown(_ message: String, _ next: NextAction?) -> [CheckProblem] {
            [CheckProblem(.tablesUnknown, .warning, message, field: "tableNumber", nextAction: next)]
        }
        switch tables {
        case .has: return []
        case .hasNot:
            return [
                CheckProblem(
                    .unknownTable,
                    .blocking,
                    "No section of the location has a table \(table). Check the number on the table, or import the tables again.",
                    field: "tableNumber",
                    nextAction: .fixRequest
                )
            ]
        case .noSections:
            return unknown(
                "The location has no tables in sections, so it is not known whether there is a table \(table). The order goes to that number.",
                nil
            )
        case .notAnswered:
            return unknown(
                "It could not be looked up in time whether there is a table \(table). The order goes to that number.",
                .retry
            )
        }
    }

    // MARK: - Its articles

    private var menuProblems: [CheckProblem] {
        switch menu {
        case .notAsked: return []
        case .notAnswered:
            return [
                CheckProblem(
                    .menuUnknown,
                    .warning,
                    "The menu could not be looked up in time: articles, prices and stock are not checked.",
                    nextAction: .retry
                )
            ]
        case .answered(let answer, let question):
            guard answer.menuVersion != nil else {
                return [
                    CheckProblem(
                        .menuUnknown,
                        .warning,
                        "No menu of the location was imported yet: articles and prices are not checked. Import it in the backoffice.",
                        nextAction: .callSupport
                    )
                ] + answer.problems.filter { $0.reason == Open(.outOfStock) }.compactMap { problem($0, question) }
            }
            return answer.problems.compactMap { problem($0, question) }
        }
    }

    private func problem(_ found: ItemProblem, _ question: MenuQuestion) -> CheckProblem? {
        guard let line = question.line(found.line) else { return nil }
        // Menus know of one level; what is chosen on a choice is offered by nothing that they list.
        if found.reason == Open(.modifierNotOffered), question.isNested(found.plu, found.line) { return nil }
        return CheckProblem(
            reason: Open(rawValue: found.reason.text),
            severity: found.reason.isInTheWay ? .blocking : .warning,
            message: found.message,
            field: "items[\(line)]",
            line: line,
            plu: found.plu,
            menuPriceCents: found.menuPriceCents,
            available: found.available,
            nextAction: .fixRequest
        )
    }

    // MARK: - Its location

    private var locationProblems: [CheckProblem] {
        var problems: [CheckProblem] = []
        switch location.route.status {
        case .connected, .untested: break
        case .disconnected:
            problems.append(
                CheckProblem(
                    .registerOffline,
                    .warning,
                    "The register cannot be reached. An order is taken in and goes out by itself when the register is back.",
                    since: location.statusSince,
                    nextAction: .wait
                )
            )
        case .misconfigured:
            problems.append(
                CheckProblem(
                    .registerMisconfigured,
                    .warning,
                    "The register refuses the connection's address or keys. An order is taken in and goes out by itself when they are corrected in the backoffice.",
                    since: location.statusSince,
                    nextAction: .callSupport
                )
            )
        }
        if heardAt.map({ now.timeIntervalSince($0) > Self.silence }) ?? true {
            problems.append(
                CheckProblem(
                    .registerUnknown,
                    .warning,
                    "The register's gateway has not been heard of lately, so the register may be in another state by now.",
                    since: heardAt,
                    nextAction: .wait
                )
            )
        }
        if let pause = location.pause {
            problems.append(
                CheckProblem(
                    .locationPaused,
                    .warning,
                    "The location is paused. An order is taken in and goes out when it is resumed.",
                    since: pause.since,
                    nextAction: .wait
                )
            )
        }
        return problems
    }
}

extension CheckProblem {
    fileprivate init(
        _ reason: CheckProblemReason,
        _ severity: CheckSeverity,
        _ message: String,
        field: String? = nil,
        line: Int? = nil,
        since: Date? = nil,
        nextAction: NextAction? = nil
    ) {
        self.init(
            reason: Open(reason),
            severity: severity,
            message: message,
            field: field,
            line: line,
            since: since,
            nextAction: nextAction
        )
    }
}

extension Open<CheckProblemReason> {
    /// The token, known here or not.
    fileprivate init(rawValue text: String) {
        self = CheckProblemReason(rawValue: text).map(Open.known) ?? .unrecognized(text)
    }
}

extension Open<ItemProblemReason> {
    /// Whether the register would refuse the order for it.
    ///
    /// A register takes an order whole or not at all, and knows none of these articles. A price that differs is settled by
    /// what the register says (rule K33), and a choice that an item does not offer is an article all the same.
    fileprivate var isInTheWay: Bool {
        switch knownValue {
        case .unknownPlu, .removedPlu, .outOfStock: true
        case .priceDiffers, .modifierNotOffered, nil: false
        }
    }
}

extension FieldProblem {
    /// The place among `items` that it is about.
    fileprivate var line: Int? {
        guard field.hasPrefix("items[") else { return nil }
        return Int(field.dropFirst(6).prefix { $0.isNumber })
    }
}
