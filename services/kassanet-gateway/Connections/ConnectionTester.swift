import Contracts
import Foundation
import Logging
import RPC
import RegisterHTTP

/// Tests a connection the way rule K4 says, and records what it found.
struct ConnectionTester: Sendable {
    let connections: ConnectionStore
    let activity: ActivityStore
    let register: KassanetClient

    /// Calls `test` and looks for the webshop payment type.
    ///
    /// A missing one is a warning and stops nothing.
    func test(_ connection: Connection, context: CallContext) async throws -> TestConnectionResponse {
        let call = KassanetCall(headers: [("traceparent", context.trace.description)])
        let system: KassanetSystem
        let types: [KassanetPaymentType]
        do throws(KassanetError) {
            system = try await register.testRegister(connection.wire, call: call).value
            types = try await register.paymentTypes(connection.wire, call: call).value
        } catch {
            return try await failed(connection, error)
        }
        let paymentType = types.webshop(named: connection.settings.webshopPaymentType)
        var warnings: [String] = []
        if paymentType == nil {
            warnings.append(
                "The register has no payment type named \"\(connection.settings.webshopPaymentType)\". Orders are placed, but their bills stay open: add it on the register, then test again."
            )
        }
        if !connection.settings.verifyTLS {
            warnings.append("The register's certificate is not checked (verify_tls is off).")
        }
        let message =
            "The register answers\(system.name.map { " (\($0)\(system.version.map { " \($0)" } ?? ""))" } ?? "")."
        let recorded = try await connections.recordSuccess(
            connection,
            TestOutcome(message: message, tips: system.tipCalculatorActivated, paymentType: paymentType)
        )
        // Another test, or new credentials, came first: what this one found is of the connection as it was.
        guard recorded != nil else { throw GatewayError.changedMeanwhile }
        try await activity.record(
            connection.merchantID,
            connection.locationID,
            warnings.isEmpty ? .success : .info,
            "Connection test succeeded. \(([message] + warnings).joined(separator: " "))"
        )
        return TestConnectionResponse(
            status: .connected,
            message: message,
            systemName: system.name,
            systemVersion: system.version,
            tips: system.tipCalculatorActivated,
            webshopPaymentType: paymentType != nil,
            warnings: warnings
        )
    }

    private func failed(_ connection: Connection, _ error: KassanetError) async throws -> TestConnectionResponse {
        if case .busy(let busy) = error.cause { throw GatewayError.busy(busy, message: error.description) }
        guard let status = error.connectionStatus else { throw GatewayError.unreadable(message: error.description) }
        try await connections.recordFailure(connection, status, message: error.description)
        try await activity.record(
            connection.merchantID,
            connection.locationID,
            .error,
            "Connection test failed. \(error.description)"
        )
        return TestConnectionResponse(status: status, message: error.description)
    }
}

extension KassanetError {
    /// What a test that fails like this says of the connection; nil where it was given up on our side and says nothing.
    var connectionStatus: ConnectionStatus? {
        switch cause {
        case .misconfigured: .misconfigured
        case .expired, .busy: nil
        case .unreachable(let error) where [.cancelled, .tooManyInFlight, .stopped].contains(error.kind): nil
        case .unreachable, .noAnswer, .unreadable, .incomplete, .refused: .disconnected
        }
    }
}
