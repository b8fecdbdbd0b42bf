import Contracts
import Postgres

/// A checkpoint of an import: what is done next.
///
/// Steps make up the four stages that people see (rule K21). An import that was killed goes on at its step.
enum ImportStep: String, Sendable, Codable, PostgresEncodable, PostgresDecodable {
    case read
    case categories
    case products
    case displayGroups = "display_groups"
    case plan
    case apply
    case tables
    case stock

    var stage: SyncStage {
        switch self {
        case .read: .menu
        case .categories: .categories
        case .products: .products
        case .displayGroups, .plan, .apply, .tables, .stock: .displayGroups
        }
    }

    /// What follows; `nil` at the end.
    var next: ImportStep? {
        switch self {
        case .read: .categories
        case .categories: .products
        case .products: .displayGroups
        case .displayGroups: .plan
        case .plan: .apply
        case .apply: .tables
        case .tables: .stock
        case .stock: nil
        }
    }

    /// Comes after the menu was applied, and does not undo it when it fails.
    var followsTheMenu: Bool { self == .tables || self == .stock }

    /// Whether attempts are counted anew: stages have three each (rule K21), and so has what follows the menu.
    var countsAnew: Bool { self != .plan && self != .apply }
}
