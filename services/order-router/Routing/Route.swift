import Contracts
import Foundation
import RPC

/// How to reach a location's register, as its gateway's feed last said.
struct Route: Sendable, Equatable {
    var merchantID: MerchantID
    var locationID: LocationID
    /// The gateway that serves it, as this service's settings name it.
    var gateway: String
    /// Names the register's system in `externalData`.
    var provider: String
    var status: ConnectionStatus
    var epoch: Int
    var timeZone: String
    var tableMode: TableMode
    var onMismatch: MismatchPolicy
    var capabilities: PosCapabilities
    var isDeleted: Bool
    /// Whether a person keeps its orders from the register.
    var isPaused = false

    /// Why nothing is tried against this register now; `nil` where it may be.
    var obstacle: Obstacle? {
        if isDeleted { return .notConnected }
        switch status {
        case .connected, .untested: return nil
        case .disconnected: return .unreachable
        case .misconfigured: return .misconfigured
        }
    }

    /// What keeps all orders of a location from their register.
    enum Obstacle: String, Sendable {
        case unreachable = "register_unreachable"
        case misconfigured = "register_misconfigured"
        case notConnected = "not_connected"

        var explanation: String {
            switch self {
            case .unreachable:
                "The register cannot be reached. Check that it is switched on and online; the order goes out by itself when a connection test succeeds."
            case .misconfigured:
                "The register refuses the connection's address or keys. Correct them in the backoffice; the order goes out by itself when a connection test succeeds."
            case .notConnected:
                "The location has no register connected any more. Connect it again, and the order goes out by itself."
            }
        }
    }
}
