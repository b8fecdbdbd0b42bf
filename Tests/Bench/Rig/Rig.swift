import Contracts
import Foundation
import Postgres
import RPC
import TestBed

/// What is measured: a durable PostgreSQL, the services of the order path and registers, all on this machine.
actor Rig {
    static let merchant = MerchantID(unchecked: "bench")
    static let registerCount = 200

    let database: BenchDatabase
    nonisolated let fleet: Fleet
    nonisolated let registers: [Register]
    private let postgres: PrivatePostgres
    private let registerProcess: ChildProcess

    /// A register simulator's two addresses.
    struct Register: Decodable, Sendable {
        var baseUrl: String
        var controlUrl: String

        var port: Int { URL(string: baseUrl)?.port ?? 0 }
    }

    static func start() async throws -> Rig {
        let postgres = try await PrivatePostgres.start(durable: true, settings: settings)
        let database = BenchDatabase(administrator: try await postgres.freshDatabase(), postgres: postgres)
        try await database.ageLog()
        try await Fleet.prepare(database.administrator)
        let process = try ChildProcess.start(
            TestBed.productsDirectory.appending(path: "kassanet-simulator"),
            ["--registers", String(registerCount), "--tips"]
        )
        _ = try await process.waitForLine(matching: "ready", timeout: .seconds(60))
        let registers = process.lines().compactMap { try? JSONDecoder().decode(Register.self, from: Data($0.utf8)) }
        let fleet = try Fleet(
            database: { PrivatePostgres.url(database.administrator, role: $0) },
            // A changed catalogue is what is measured, and not a person's time to approve it.
            settings: [.menuSync: ["PLAN_MAX_REMOVED_PERCENT": "100", "PLAN_MAX_REPRICED_PERCENT": "100"]]
        )
        let rig = Rig(database: database, fleet: fleet, registers: registers, postgres: postgres, process: process)
        try await fleet.start([.kassanetGateway, .tableAllocator, .orderRouter])
        for index in registers.indices { try await rig.connect(index) }
        return rig
    }

    /// What the figures of `reliability.md` were measured with, as far as this machine's memory allows.
    private static let settings = [
        "shared_buffers": "512MB", "min_wal_size": "2GB", "max_wal_size": "4GB", "wal_compression": "on",
        "checkpoint_timeout": "30min",
    ]

    private init(
        database: BenchDatabase,
        fleet: Fleet,
        registers: [Register],
        postgres: PrivatePostgres,
        process: ChildProcess
    ) {
        self.database = database
        self.fleet = fleet
        self.registers = registers
        self.postgres = postgres
        registerProcess = process
    }

    func stop() async {
        await fleet.stop()
        await registerProcess.stop()
        await postgres.stop(immediate: true)
    }

    // MARK: - Locations

    static func location(_ index: Int) -> LocationID { LocationID(unchecked: "location-\(index)") }

    /// A location whose register never gets an order: its lane stands as if another replica had it.
    static let intakeOnly = registerCount - 1

    private func connect(_ index: Int) async throws {
        let route = "\(fleet.url(.kassanetGateway))/api/backoffice/kassanet/vanhoutte/\(Self.location(index))"
        let headers = ["x-merchant-id": Self.merchant.rawValue]
        let body = """
            {"base_url":"\(registers[index].baseUrl)","signature_key":"demo-signature-key",
            "encryption_token":"demo-token-12","enable_encryption":true,"time_zone":"Europe/Brussels"}
            """
        let connected = try await fleet.request("POST", route, body: body, headers: headers)
        let tested = try await fleet.request("GET", "\(route)/test", headers: headers)
        guard connected.status == 200, tested.status == 200 else {
            throw TestBedError("A register was not connected: \(connected.body) \(tested.body)")
        }
    }

    /// Waits until order-router has heard of every location, and keeps one of them from being worked for.
    func settle() async throws {
        let isComplete: Query = """
            SELECT count(*) >= \(Self.registerCount) FROM order_router.routes WHERE status = 'connected'
            """
        try await database.wait(isComplete)
        let name = Self.location(Self.intakeOnly).rawValue
        try await database.execute(
            "UPDATE order_router.routes SET lane_until = 'infinity' WHERE location_id = \(name)"
        )
    }

    /// Waits until an address answers 200.
    nonisolated func waitForAnswer(_ url: String, every pause: Duration = .milliseconds(20)) async throws {
        let deadline = ContinuousClock.now + .seconds(30)
        while true {
            if let answer = try? await fleet.request("GET", url), answer.status == 200 { return }
            guard ContinuousClock.now < deadline else { throw TestBedError("\(url) does not answer.") }
            try await Task.sleep(for: pause)
        }
    }

    /// Makes every answer of a register this late.
    func slow(_ index: Int, milliseconds: Int) async throws {
        let control = registers[index].controlUrl
        _ = try await fleet.request("DELETE", "\(control)/faults")
        guard milliseconds > 0 else { return }
        let fault = #"[{"endpoint":"*","kind":"slow","times":0,"delayMs":\#(milliseconds)}]"#
        let answer = try await fleet.request("POST", "\(control)/faults", body: fault)
        guard answer.status == 200 else { throw TestBedError("The register was not slowed: \(answer.body)") }
    }
}
