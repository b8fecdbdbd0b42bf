import Contracts
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import OpenAPI
import RPC
import RPCServer

/// The routes that the backoffice calls, under `/api/backoffice/kassanet/{provider}/{locationId}` (rules K1 to K5).
///
/// The merchant is the one that the caller's token names; a token for several says which in `x-merchant-id`.
struct BackofficeRoutes: Sendable {
    /// What a caller's token must list to use these routes.
    static let service = "upvendo.backoffice.kassanet.v1"
    private static let path = "/api/backoffice/kassanet/{provider}/{locationId}"
    private static let parameters = [
        APIParameter("provider", in: .path, Provider.self, example: "vanhoutte", "Whose register it is."),
        .locationInPath,
        .merchantHeader,
    ]

    /// What is served and published: every route, with the method that answers it.
    static let endpoints: [Endpoint<Self>] = [
        .route(
            .post,
            path,
            service: service,
            id: "connectRegister",
            summary:
                "Saves credentials and settings; connecting again replaces all of them, by defaults where left out.",
            parameters: parameters,
            request: WireType(ConnectRequest.self),
            connect
        ),
        .route(
            .get,
            path,
            service: service,
            id: "showIntegration",
            summary: "Details, masked credentials, settings, status and activity log.",
            parameters: parameters,
            status
        ),
        .route(
            .patch,
            path,
            service: service,
            id: "changeSettings",
            summary: "Changes settings and leaves the others and the credentials; null puts one back to its default.",
            parameters: parameters,
            request: WireType(SettingsChange.self),
            change
        ),
        .route(
            .get,
            "\(path)/test",
            service: service,
            id: "testRegister",
            summary: "Tests the connection now and updates its status; a test that fails is an answer, too.",
            parameters: parameters,
            test
        ),
        .route(
            .post,
            "\(path)/sync-menu",
            service: service,
            id: "syncMenu",
            summary: "Asks for an import of the menu now, and says how it stands; asking again is no error.",
            parameters: parameters,
            syncMenu
        ),
        .route(
            .delete,
            path,
            service: service,
            id: "deleteIntegration",
            summary: "Removes the integration, with its credentials, its log and all that it imported.",
            parameters: parameters,
            delete
        ),
    ]

    let connections: ConnectionStore
    let activity: ActivityStore
    let tester: ConnectionTester
    var now: @Sendable () -> Date = { Date() }

    func serve(on router: RPCRouter) { router.serve(Self.endpoints, by: self) }

    /// Saves credentials and settings; connecting again replaces them (rules K1, K2).
    func connect(_ call: RouteCall, _ context: CallContext) async throws -> IntegrationView {
        let target = try Target(call, context)
        let (credentials, settings) = try call.decode(ConnectRequest.self).validated(for: target.provider)
        guard
            let connection = try await connections.save(
                merchant: target.merchant,
                location: target.location,
                provider: target.provider,
                credentials,
                settings
            )
        else { throw GatewayError.otherProviderConnected }
        try await activity.record(
            target.merchant,
            target.location,
            .info,
            "\(target.provider.displayName) was connected by \(context.caller.name). Test the connection next."
        )
        return try await view(connection)
    }

    /// Details, masked credentials, settings, status and log (rule K3).
    func status(_ call: RouteCall, _ context: CallContext) async throws -> IntegrationView {
        try await view(try await connection(Target(call, context)))
    }

    /// Changes some settings; credentials and the settings that are not named stay (rules K9, K12).
    func change(_ call: RouteCall, _ context: CallContext) async throws -> IntegrationView {
        let target = try Target(call, context)
        let change = try call.decode(SettingsChange.self)
        try call.decode(CredentialsInPatch.self).refuse()
        let changed = try await connections.change(
            merchant: target.merchant,
            location: target.location,
            provider: target.provider
        ) { settings in
            var check = FieldCheck()
            let changed = change.applied(to: settings, of: target.provider, &check)
            try check.finish()
            return changed
        }
        guard let (before, connection) = changed else { throw Self.notFound(target) }
        if connection.settings != before {
            let again = connection.status == .untested ? " Test the connection next." : ""
            try await activity.record(
                target.merchant,
                target.location,
                .info,
                "Settings were changed by \(context.caller.name).\(again)"
            )
        }
        return try await view(connection)
    }

    /// Asks for an import of the menu (rule K5).
    func syncMenu(_ call: RouteCall, _ context: CallContext) async throws -> SyncView {
        let target = try Target(call, context)
        guard
            let sync = try await connections.requestSync(
                merchant: target.merchant,
                location: target.location,
                provider: target.provider
            )
        else { throw Self.notFound(target) }
        try await activity.record(
            target.merchant,
            target.location,
            .info,
            "The import of the menu was asked for by \(context.caller.name)."
        )
        return SyncView(sync)
    }

    /// Tests the connection and updates its status (rule K4).
    func test(_ call: RouteCall, _ context: CallContext) async throws -> TestView {
        TestView(try await tester.test(try await connection(Target(call, context)), context: context))
    }

    /// Removes the integration (rule K5).
    ///
    /// Others learn of it from the feed.
    func delete(_ call: RouteCall, _ context: CallContext) async throws -> DeletedView {
        let target = try Target(call, context)
        guard
            try await connections.delete(
                merchant: target.merchant,
                location: target.location,
                provider: target.provider
            )
        else { throw Self.notFound(target) }
        context.logger.info("Integration deleted", metadata: ["location": "\(target.location)"])
        return DeletedView(deleted: true)
    }

    private func view(_ connection: Connection) async throws -> IntegrationView {
        IntegrationView(
            connection,
            sync: try await connections.syncRecord(connection.merchantID, connection.locationID),
            logs: try await activity.entries(connection.merchantID, connection.locationID),
            now: now()
        )
    }

    private func connection(_ target: Target) async throws -> Connection {
        guard let connection = try await connections.find(merchant: target.merchant, location: target.location),
            connection.provider == target.provider
        else { throw Self.notFound(target) }
        return connection
    }

    private static func notFound(_ target: Target) -> RPCError {
        RPCError(
            .notFound,
            "\(target.provider.displayName) is not connected at this location. Connect it first.",
            reason: "not_connected",
            nextAction: .fixRequest
        )
    }

    /// Whose integration a call is about.
    private struct Target: Sendable {
        let merchant: MerchantID
        let location: LocationID
        let provider: Provider

        init(_ call: RouteCall, _ context: CallContext) throws {
            let name = call.parameters.get("provider") ?? ""
            guard let provider = Provider(rawValue: name) else { throw GatewayError.unknownProvider(name) }
            self.provider = provider
            location = try call.identifier("locationId")
            merchant = try call.merchant(for: context.caller)
        }
    }
}

/// What a change of settings must not bring: one that was ignored without a word would be taken for done.
private struct CredentialsInPatch: Decodable {
    private let named: [ConnectRequest.CodingKeys]

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: ConnectRequest.CodingKeys.self)
        named = ConnectRequest.CodingKeys.allCases.filter(fields.contains)
    }

    func refuse() throws(RPCError) {
        guard !named.isEmpty else { return }
        throw .invalid(
            named.map {
                FieldProblem(
                    $0.stringValue,
                    "is not changed by PATCH",
                    accepted: "a POST with everything, to connect again"
                )
            }
        )
    }
}
