import Contracts
import Foundation
import Logging
import RPC
import ServiceKit

/// Where calls to registers go through: finds the connection, keeps calls from a register that is known to be down, and
/// records when one turns out to be (rule K7).
struct RegisterDesk: Sendable {
    let connections: ConnectionStore
    let activity: ActivityStore
    let register: KassanetClient

    /// The connection of a location, whatever its status.
    func connection(_ merchant: MerchantID, _ location: LocationID) async throws -> Connection {
        guard let connection = try await connections.find(merchant: merchant, location: location) else {
            throw GatewayError.notConnected
        }
        return connection
    }

    /// The connection of a location, where its register may be tried.
    func usable(_ merchant: MerchantID, _ location: LocationID) async throws -> Connection {
        let connection = try await connection(merchant, location)
        try Self.requireUsable(connection)
        return connection
    }

    /// The same, with the register that an attempt there went to; `nil` where it is not known.
    func usable(
        _ merchant: MerchantID,
        _ location: LocationID,
        withRegisterOf attempt: UUID
    ) async throws -> (connection: Connection, sentTo: String?) {
        let found = try await connections.find(merchant: merchant, location: location, withRegisterOf: attempt)
        guard let found else { throw GatewayError.notConnected }
        try Self.requireUsable(found.connection)
        return found
    }

    private static func requireUsable(_ connection: Connection) throws(GatewayError) {
        switch connection.status {
        case .connected, .untested: break
        case .disconnected: throw .disconnected(message: connection.statusMessage)
        case .misconfigured: throw .misconfigured(message: connection.statusMessage)
        }
    }

    /// Reads something from a location's register.
    ///
    /// A read that fails after its retries marks the location.
    func read<Value: Sendable>(
        _ merchant: MerchantID,
        _ location: LocationID,
        context: CallContext,
        _ body: (KassanetClient, KassanetConnection, KassanetCall) async throws(KassanetError) -> KassanetAnswer<Value>
    ) async throws -> KassanetAnswer<Value> {
        let connection = try await usable(merchant, location)
        do throws(KassanetError) {
            let answer = try await body(register, connection.wire, .init(headers: context.wireHeaders))
            for remark in answer.remarks {
                context.logger.warning("Register answer read in part", metadata: ["remark": "\(remark)"])
            }
            return answer
        } catch {
            throw try await recorded(error, on: connection, context)
        }
    }

    /// Marks the location for a failure that says something about the connection, and gives the failure its name.
    func recorded(
        _ error: KassanetError,
        on connection: Connection,
        _ context: CallContext
    ) async throws -> GatewayError {
        context.logger.warning(
            "Register did not answer",
            metadata: [
                "location": "\(connection.locationID)", "endpoint": "\(error.endpoint.name)",
                "reason": "\(error.reason)", "wire_request_id": "\(error.exchange.requestId)",
                "sends": "\(error.exchange.attempts)", "duration_ms": "\(error.exchange.duration.milliseconds)",
            ]
        )
        switch error.cause {
        case .misconfigured:
            try await mark(connection, .misconfigured, error)
            return .misconfigured(message: error.description)
        case .unreachable where error.disconnects, .noAnswer, .unreadable, .incomplete:
            try await mark(connection, .disconnected, error)
            return .disconnected(message: error.description)
        case .busy(let busy):
            return .busy(busy, message: error.description)
        case .unreachable, .refused, .expired:
            return .unreadable(message: error.description)
        }
    }

    private func mark(_ connection: Connection, _ status: ConnectionStatus, _ error: KassanetError) async throws {
        // A task of its own: a caller that has gone away does not change what was found out.
        try await Task {
            try await connections.recordFailure(connection, status, message: error.description)
            try await activity.record(connection.merchantID, connection.locationID, .error, error.description)
        }.value
    }
}

extension CallContext {
    /// What goes to the register with every request.
    var wireHeaders: [(String, String)] {
        [("traceparent", trace.child().description), ("x-request-id", requestID)]
    }
}
