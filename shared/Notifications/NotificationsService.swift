import Contracts
import Foundation
import Logging
import Metrics
package import Postgres
import RPC
package import RPCServer

/// `Notifications` v1 for the outbox of a service: one method per procedure.
///
/// A service lists ``endpoints`` among its operations and serves them beside its own.
package struct NotificationsService: Sendable {
    private let store: DeliveryStore
    private let sender: NotificationSender

    package init(pool: PostgresPool, sender: NotificationSender) {
        store = DeliveryStore(pool: pool)
        self.sender = sender
    }

    /// What is served and published: every procedure of the contract, with the method that answers it.
    package static let endpoints: [Endpoint<Self>] = [
        .procedure(NotificationsV1.listDeliveries, listDeliveries),
        .procedure(NotificationsV1.resendDelivery, resendDelivery),
    ]

    package func serve(on router: RPCRouter) { router.serve(Self.endpoints, by: self) }

    func listDeliveries(_ request: ListDeliveriesRequest, _ context: CallContext) async throws -> ListDeliveriesResponse
    {
        var problems: [FieldProblem] = []
        func known<Value>(_ value: Open<Value>?, _ field: String) -> Value? {
            guard let value else { return nil }
            if value.knownValue == nil {
                problems.append(
                    FieldProblem(field, "is \(value.text.prefix(40))", accepted: Open<Value>.accepted)
                )
            }
            return value.knownValue
        }
        let state = known(request.state, "state")
        let type = known(request.type, "type")
        let size = request.pageSize ?? 50
        if !NotificationLimits.pageSize.contains(size) {
            problems.append(FieldProblem("pageSize", "is \(size)", accepted: "1 to 200"))
        }
        let cursor = request.cursor.flatMap(DeliveryCursor.init)
        if request.cursor != nil, cursor == nil {
            problems.append(
                FieldProblem("cursor", "is not one of ours", accepted: "the nextCursor of the page before")
            )
        }
        guard problems.isEmpty else { throw RPCError.invalid(problems) }
        let filter = DeliveryStore.Filter(
            merchant: request.merchantId,
            location: request.locationId,
            subscriber: request.subscriber,
            state: state,
            type: type
        )
        let page = try await store.list(filter, after: cursor, limit: size + 1)
        let last = page.count > size ? page[size - 1] : nil
        return ListDeliveriesResponse(
            deliveries: page.prefix(size).map(\.view),
            nextCursor: last.map { DeliveryCursor(seq: $0.seq, subscriber: $0.view.subscriber).text }
        )
    }

    func resendDelivery(_ request: ResendDeliveryRequest, _ context: CallContext) async throws -> ResendDeliveryResponse
    {
        let isPlain = !request.actor.unicodeScalars.contains { $0.value < 0x20 }
        guard isPlain, NotificationLimits.actor.contains(request.actor.utf8.count),
            !request.actor.allSatisfy(\.isWhitespace)
        else {
            throw RPCError.invalid([
                FieldProblem("actor", "is missing or no name", accepted: "who asks, 1 to 100 bytes of text")
            ])
        }
        let resend = try await store.resend(
            request.eventId,
            to: request.subscriber,
            of: request.merchantId,
            actor: request.actor
        )
        switch resend {
        case .unknownDelivery:
            throw RPCError(
                .notFound,
                "No such notification of this merchant goes to this subscriber, or it was erased. Look at ListDeliveries.",
                reason: "unknown_delivery",
                nextAction: .fixRequest
            )
        case .unknownSubscriber:
            throw RPCError(
                .failedPrecondition,
                "Nobody of this name subscribes to this merchant any more. Name it in SUBSCRIBERS, restart the service, then resend.",
                reason: "unknown_subscriber",
                nextAction: .fixRequest
            )
        case .done(let delivery):
            Counter(label: "notification_resends_total").increment()
            context.logger.notice(
                "Notification sent again by a person",
                metadata: [
                    "event": "\(request.eventId.uuidString.lowercased())", "subscriber": "\(delivery.subscriber)",
                    "actor": "\(request.actor)",
                ]
            )
            sender.wake()
            return ResendDeliveryResponse(delivery: delivery)
        }
    }
}
