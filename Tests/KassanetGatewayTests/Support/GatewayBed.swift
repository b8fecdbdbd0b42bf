import Contracts
import Foundation
import KassanetSimulator
import Logging
import Postgres
import RPC
import RegisterHTTP
import Secrets
import TestBed

@testable import KassanetGateway

/// The gateway of one test: a migrated database of its own, a register of its own, and everything in between.
///
/// Waits between sends take no time. At the end the register has to have seen no liberty taken with the wire.
struct GatewayBed: Sendable {
    let register: RegisterSimulator
    let secrets: Credentials
    let postgres: PostgresPool
    let databaseURL: Secret
    let connections: ConnectionStore
    let activity: ActivityStore
    let attempts: AttemptStore
    let tester: ConnectionTester
    let service: PosGatewayService
    let logs: CapturedLogs

    static let keys = "k1:\(Data(repeating: 7, count: 32).base64EncodedString())"

    /// Runs the body with a register and a gateway before it.
    ///
    /// `total` is the time limit of one request to the register; `configure` changes what the register insists on and
    /// starts with.
    static func with(
        total: Duration = .seconds(25),
        slots: RegisterSlots.Limits = RegisterSlots.Limits(perRegister: 64),
        configure: (inout SimulatorConfiguration) -> Void = { _ in },
        _ body: (GatewayBed) async throws -> Void
    ) async throws {
        var configuration = SimulatorConfiguration()
        configure(&configuration)
        let url = try await freshDatabase()
        let register = try await RegisterSimulator.start(configuration)
        let logs = CapturedLogs()
        let pool = Self.pool(url, logs.logger)
        let result: Result<Void, any Error>
        var bed: GatewayBed?
        do {
            let made = try GatewayBed(register, configuration, url, pool, logs, total: total, slots: slots)
            bed = made
            try await body(made)
            result = .success(())
        } catch {
            result = .failure(error)
        }
        await bed?.service.attempts.finishAll()
        await pool.shutdown()
        let violations = await register.violations
        await register.stop()
        try result.get()
        guard violations.isEmpty else { throw WireBroken(violations: violations) }
    }

    /// Runs the body with the stores alone, for what no register takes part in.
    static func withDatabase(_ body: (PostgresPool) async throws -> Void) async throws {
        let pool = Self.pool(try await freshDatabase(), CapturedLogs().logger)
        let result: Result<Void, any Error>
        do {
            result = .success(try await body(pool))
        } catch {
            result = .failure(error)
        }
        await pool.shutdown()
        try result.get()
    }

    private init(
        _ register: RegisterSimulator,
        _ configuration: SimulatorConfiguration,
        _ url: Secret,
        _ pool: PostgresPool,
        _ logs: CapturedLogs,
        total: Duration,
        slots: RegisterSlots.Limits
    ) throws {
        let client = try Self.client(total: total, slots: slots, logger: logs.logger)
        self.register = register
        secrets = Credentials(
            signatureKey: Secret(configuration.signatureKey),
            encryptionToken: Secret(configuration.encryptionToken)
        )
        postgres = pool
        databaseURL = url
        connections = ConnectionStore(pool: pool, keys: try KeyRing(Secret(Self.keys)))
        activity = ActivityStore(pool: pool)
        attempts = AttemptStore(pool: pool, instance: UUID())
        tester = ConnectionTester(connections: connections, activity: activity, register: client)
        service = PosGatewayService(
            desk: RegisterDesk(connections: connections, activity: activity, register: client),
            attempts: AttemptRunner(attempts: attempts, pool: pool),
            attemptStore: attempts,
            tester: tester
        )
        self.logs = logs
    }

    static func client(
        total: Duration,
        maxInFlight: Int = 128,
        slots: RegisterSlots.Limits = RegisterSlots.Limits(perRegister: 64),
        logger: Logger
    ) throws -> KassanetClient {
        let policy = try AddressPolicy(allowedNetworks: "127.0.0.0/8")
        let http = RegisterHTTPClient(.init(addressPolicy: policy, maxInFlight: maxInFlight), logger: logger)
        return KassanetClient(
            http: http,
            limits: .init(connect: total, total: total),
            slots: RegisterSlots(slots),
            sleep: { _ in }
        )
    }

    private static func freshDatabase() async throws -> Secret {
        try await PrivatePostgres.shared.freshDatabase(template: "kassanet-gateway") { url in
            let pool = Self.pool(url, CapturedLogs().logger)
            do {
                try await Migrator(KassanetGatewaySchema.migrations).apply(pool, schema: KassanetGatewaySchema.name)
            } catch {
                await pool.shutdown()
                throw error
            }
            await pool.shutdown()
        }
    }

    static func configuration(_ url: Secret) -> PostgresConfiguration {
        PostgresConfiguration(
            url: url,
            searchPath: KassanetGatewaySchema.name,
            maxConnections: 6,
            acquireTimeout: .seconds(120),
            connectTimeout: .seconds(60),
            applicationName: "kassanet-gateway-tests"
        )
    }

    static func pool(_ url: Secret, _ logger: Logger) -> PostgresPool {
        PostgresPool(configuration(url), logger: logger)
    }
}

/// What the register held against the gateway.
struct WireBroken: Error, CustomStringConvertible {
    let violations: [WireViolation]

    var description: String {
        violations.map { "\($0.endpoint): \($0.rule.rawValue): \($0.detail)" }.joined(separator: "\n")
    }
}

// MARK: - A connected location

extension GatewayBed {
    /// Saves a connection to the bed's register and has it tested, without touching the register.
    @discardableResult
    func connect(
        _ place: Place = .first,
        provider: Provider = .vanhoutte,
        tips: Bool = false,
        paymentType: KassanetPaymentType? = KassanetPaymentType(number: 9, name: "Webshop"),
        change: (inout ConnectionSettings) -> Void = { _ in }
    ) async throws -> KassanetGateway.Connection {
        var settings = ConnectionSettings.sample
        settings.baseURL = register.baseURL
        change(&settings)
        let saved = try await connections.save(
            merchant: place.merchant,
            location: place.location,
            provider: provider,
            secrets,
            settings
        )
        guard let saved else { throw GatewayError.otherProviderConnected }
        let outcome = TestOutcome(message: "The register answers.", tips: tips, paymentType: paymentType)
        guard let tested = try await connections.recordSuccess(saved, outcome) else { throw GatewayError.notConnected }
        return tested
    }

    func connection(_ place: Place = .first) async throws -> KassanetGateway.Connection {
        guard let found = try await connections.find(merchant: place.merchant, location: place.location) else {
            throw GatewayError.notConnected
        }
        return found
    }

    func log(_ place: Place = .first) async throws -> [ActivityEntry] {
        await service.attempts.finishAll()
        return try await activity.entries(place.merchant, place.location)
    }

    func context(_ merchants: Allowance<MerchantID> = .all) -> CallContext {
        CallContext(
            requestID: "test-request",
            trace: .random(),
            deadline: Deadline(after: .seconds(240)),
            caller: Caller(name: "tests", services: .all, merchants: merchants),
            logger: logs.logger
        )
    }
}

/// A location of a merchant.
struct Place: Sendable, Hashable {
    let merchant: MerchantID
    let location: LocationID

    init(_ merchant: String, _ location: String) {
        self.merchant = MerchantID(unchecked: merchant)
        self.location = LocationID(unchecked: location)
    }

    static let first = Place("merchant-1", "location-1")
    static let second = Place("merchant-1", "location-2")
    static let elsewhere = Place("merchant-2", "location-1")
}

extension ConnectionSettings {
    /// Every setting as it is by default.
    static let sample = ConnectionSettings(baseURL: "http://127.0.0.1:1")
}
