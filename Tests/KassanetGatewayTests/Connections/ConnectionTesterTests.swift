import Contracts
import Foundation
import RPC
import RegisterHTTP
import Testing

@testable import KassanetGateway

@Suite("What a failed test says of a connection (K4, K7)", .timeLimit(.minutes(5)))
struct ConnectionTesterTests {
    @Test(
        "A register that does not answer is disconnected; one that refuses our keys is misconfigured (K7)",
        arguments: [
            (.noAnswer(status: 500), .disconnected), (.unreadable(.json), .disconnected),
            (.incomplete(field: "Payments"), .disconnected), (.refused(message: "No licence"), .disconnected),
            (.misconfigured(status: 401, message: "Wrong key"), .misconfigured), (.expired, nil),
        ] as [(KassanetError.Cause, ConnectionStatus?)]
    )
    func causeHasAStatus(_ cause: KassanetError.Cause, _ status: ConnectionStatus?) {
        #expect(KassanetError(cause: cause, endpoint: .test, exchange: Exchange()).connectionStatus == status)
    }

    @Test("What was given up on our side says nothing of the register", arguments: RegisterHTTPError.Kind.allCases)
    func ownFailureSaysNothing(_ kind: RegisterHTTPError.Kind) {
        let failure = RegisterHTTPError(kind: kind, nothingLeft: true, target: "register:80")
        let error = KassanetError(cause: .unreachable(failure), endpoint: .test, exchange: Exchange())
        let isOurs = [.cancelled, .tooManyInFlight, .stopped].contains(kind)
        #expect(error.connectionStatus == (isOurs ? nil : .disconnected))
    }

    @Test("A gateway with too many calls under way leaves the location as it is (K7)")
    func busyGatewayDisconnectsNobody() async throws {
        try await GatewayBed.with { bed in
            let connection = try await bed.connect()
            let client = try GatewayBed.client(total: .seconds(5), maxInFlight: 0, logger: bed.logs.logger)
            let tester = ConnectionTester(connections: bed.connections, activity: bed.activity, register: client)
            let error = await rpcError { _ = try await tester.test(connection, context: bed.context()) }
            #expect(error?.reason == "register_unreadable")
            #expect(error?.nextAction == .retry)
            #expect(try await bed.connection().status == .connected)
            #expect(try await bed.log().isEmpty)
        }
    }
}
