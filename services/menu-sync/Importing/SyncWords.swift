import Contracts
import Foundation
import RPC

/// What people read of an import: the cause and the next action (rule P1).
enum SyncWords {
    static let pending = "The menu import was asked for and begins in a moment."
    static let begun = "The menu is being imported from the register."
    static let superseded = "A newer import took the place of this plan; nothing was changed by it."
    static let deleted = "The register was disconnected; the import was ended and nothing is changed by it any more."

    static func approved(by actor: String) -> String { "\(actor) approved the plan; it is being applied." }
    static func dismissed(by actor: String) -> String {
        "\(actor) dismissed the plan; the menu stays as it is. Import again to get a new one."
    }

    /// Between two attempts at a stage.
    static func retrying(_ problem: ImportProblem, attempt: Int, of attempts: Int, in pause: Duration) -> String {
        "\(problem.message) Attempt \(attempt) of \(attempts) follows in \(pause.milliseconds / 1000) seconds."
    }

    static func planned(_ plan: PlanSummary) -> String {
        if plan.added + plan.changed + plan.removed == 0 { return "The menu is as the register has it." }
        return "The plan is there: \(changes(plan)). Nothing was changed; approve it, or import."
    }

    static func held(_ plan: PlanSummary) -> String {
        let why = plan.heldBecause.map { reason in
            switch reason {
            case "removes_too_much": "it would remove \(plan.removedItems) of \(plan.currentItems) products"
            case "reprices_too_much": "it would change the price of \(plan.repricedItems) products"
            default: reason
            }
        }
        return "The import waits for a person, because \(why.joined(separator: " and ")). The menu stays as it is: "
            + "approve the plan if the register is right, or correct the register and import again."
    }

    static let outdated =
        "The menu has changed since the plan was made. This is a new plan from the same reading: look "
        + "at it and approve again."

    /// Of an import that succeeded (rule K11).
    static func succeeded(_ record: ImportRecord) -> String {
        let counts = record.findings.counts
        let products = counts["items_imported"] ?? 0
        let categories = counts["categories_imported"] ?? 0
        var text =
            "Successfully synced \(number(products, "product")) in \(number(categories, "category", "categories"))"
        if record.findings.isChanged == true, let plan = record.plan, record.approval == nil {
            text += ": \(changes(plan))."
        } else if record.findings.isChanged == true {
            text += "."
        } else {
            text += "; nothing had changed."
        }
        if let skipped = counts["skipped"], skipped > 0 {
            text += " \(number(skipped, "entry", "entries")) could not be read and "
            text += "\(skipped == 1 ? "was" : "were") left out; the import names them."
        }
        return text
    }

    private static func changes(_ plan: PlanSummary) -> String {
        "\(plan.added) added, \(plan.changed) changed, \(plan.removed) removed"
    }

    private static func number(_ count: Int, _ one: String, _ many: String? = nil) -> String {
        "\(count) \(count == 1 ? one : many ?? one + "s")"
    }
}
