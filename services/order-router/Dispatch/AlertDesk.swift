import Contracts
import Foundation
import Logging
import RPC
import RPCClient

/// Tells people: in our log as critical, and in the location's activity log for its owner (rules K11, K33, P1).
struct AlertDesk: Sendable {
    let gateways: [String: RPCClient]

    func raise(_ alert: Alert, about order: Order, on route: Route, logger: Logger) async {
        var metadata: Logger.Metadata = ["reason": "\(alert.reason)", "alert": "\(alert.message)"]
        if !alert.differences.isEmpty {
            metadata["differences"] = .string(alert.differences.map(Self.text).joined(separator: "; "))
        }
        logger.critical("Order needs attention", metadata: metadata)
        guard let gateway = gateways[route.gateway] else { return }
        do {
            _ = try await gateway.call(
                PosGatewayV1.recordActivity,
                RecordActivityRequest(
                    merchantId: order.merchantID,
                    locationId: order.locationID,
                    type: .error,
                    message: alert.message
                ),
                context: .background(timeout: .seconds(2), logger: logger)
            )
        } catch {
            // The order's own history has it too.
            logger.warning("Alert not in the activity log", metadata: ["error": "\(error)"])
        }
    }

    private static func text(_ difference: LineDifference) -> String {
        "\(difference.name) (PLU \(difference.plu)): \(difference.foundQuantity) for \(difference.foundCents.euros), expected \(difference.expectedQuantity) for \(difference.expectedCents.euros)"
    }
}
