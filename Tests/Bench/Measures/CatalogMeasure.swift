import Contracts
import Foundation
import Postgres
import RPC
import TestBed

/// How fast a register's catalogue becomes a menu, beside COPY of the same rows, and in how much memory (G10, G11).
///
/// The time is a caller's: from `StartSync` until the import has succeeded, the register's own time included.
struct CatalogMeasure {
    let rig: Rig
    let pairs: Int

    private static let products = 200_000
    private static let fewProducts = 20_000

    private enum Kind: String, CaseIterable {
        case first, unchanged, changed

        var bar: Double {
            switch self {
            case .first: 0.08
            case .unchanged: 0.10
            case .changed: 0.06
            }
        }

        var target: Double {
            switch self {
            case .first: 0.20
            case .unchanged: 0.22
            case .changed: 0.15
            }
        }

        var words: String {
            switch self {
            case .first: "imported for the first time"
            case .unchanged: "imported again, unchanged"
            case .changed: "imported again, every price changed"
            }
        }
    }

    func run() async throws -> [Finding] {
        let plain = try await Register.start(isEncrypted: false, on: rig)
        let encrypted = try await Register.start(isEncrypted: true, on: rig)
        var findings: [Finding] = []
        do {
            let few = try await peaks(Self.fewProducts, plain)
            let many = try await peaks(Self.products, plain)
            for member in [Fleet.Member.kassanetGateway, .menuSync] {
                findings.append(memory(member, few[member] ?? 0, many[member] ?? 0))
            }
            findings += try await speed(plain, Kind.allCases)
            findings += try await speed(encrypted, [.first])
        } catch {
            await plain.stop()
            await encrypted.stop()
            throw error
        }
        await plain.stop()
        await encrypted.stop()
        return findings
    }

    // MARK: - Speed

    private func speed(_ register: Register, _ kinds: [Kind]) async throws -> [Finding] {
        var rates: [Kind: Pairs] = [:]
        for pair in 0..<pairs {
            let location = LocationID(unchecked: "catalog-\(register.isEncrypted)-\(pair)")
            try await register.offer(Self.products)
            try await register.connect(location)
            for kind in kinds {
                if kind == .changed { try await register.offer(Self.products, shiftingPrices: 7) }
                let ours = try await MenuImport(rig: rig, location: location).run()
                let reference = try await copy(location)
                rates[kind, default: Pairs()].add(
                    ours: Double(Self.products) / ours,
                    reference: Double(reference.rows) / reference.seconds
                )
            }
        }
        return kinds.map { kind in
            let rate = rates[kind] ?? Pairs()
            return Finding(
                goal: "G10",
                what: "products per second, \(kind.words)\(register.isEncrypted ? ", encrypted" : "")",
                ours: rate.ours.median.short,
                reference: "\(rate.reference.median.short) COPY of the same rows",
                ratio: rate.ratio,
                bar: register.isEncrypted ? 0.06 : kind.bar,
                target: register.isEncrypted ? 0.15 : kind.target,
                better: .higher
            )
        }
    }

    /// The rows of a location's menu as COPY puts them into a table like their own.
    private func copy(_ location: LocationID) async throws -> (rows: Int, seconds: Double) {
        let file = "/tmp/bench-menu-\(UUID().uuidString).copy"
        let name = location.rawValue
        try await rig.database.execute("DROP TABLE IF EXISTS public.bench_items")
        try await rig.database.execute(
            "CREATE TABLE public.bench_items (LIKE menu_sync.items INCLUDING ALL)"
        )
        try await rig.database.execute(
            Query(
                unescaped: """
                    COPY (
                        SELECT * FROM menu_sync.items WHERE location_id = '\(name)' AND to_version IS NULL
                    ) TO '\(file)'
                    """
            )
        )
        let start = ContinuousClock.now
        try await rig.database.execute(Query(unescaped: "COPY public.bench_items FROM '\(file)'"))
        let seconds = start.duration(to: .now) / .seconds(1)
        let rows = try await rig.database.number("SELECT count(*) FROM public.bench_items")
        try await rig.database.execute("DROP TABLE public.bench_items")
        // The file is PostgreSQL's; what is in it is not needed any more.
        try await rig.database.execute(Query(unescaped: "COPY (SELECT) TO '\(file)'"))
        return (rows, seconds)
    }

    // MARK: - Memory

    /// The most memory each new process has had after its first import, in bytes.
    private func peaks(_ products: Int, _ register: Register) async throws -> [Fleet.Member: Int] {
        let members = [Fleet.Member.kassanetGateway, .menuSync]
        for member in members { await rig.fleet.kill(member) }
        try await rig.fleet.start([.kassanetGateway, .tableAllocator, .menuSync])
        let location = LocationID(unchecked: "memory-\(products)")
        try await register.offer(products)
        try await register.connect(location)
        _ = try await MenuImport(rig: rig, location: location).run()
        var peaks: [Fleet.Member: Int] = [:]
        for member in members {
            guard let process = await rig.fleet.process(member) else { continue }
            peaks[member] = try process.peakMemory()
        }
        return peaks
    }

    private func memory(_ member: Fleet.Member, _ few: Int, _ many: Int) -> Finding {
        let megabytes = { (bytes: Int) in "\((Double(bytes) / 1_000_000).short) MB" }
        return Finding(
            goal: "G11",
            what: "peak memory of \(member.rawValue) importing \(Self.products) products",
            ours: megabytes(many),
            reference: "\(megabytes(few)) for \(Self.fewProducts)",
            ratio: Double(many) / Double(max(1, few)),
            bar: 1.5,
            target: 1.1,
            better: .lower
        )
    }
}

extension CatalogMeasure {
    /// A register with a catalogue of any length.
    private struct Register {
        let isEncrypted: Bool
        private let rig: Rig
        private let process: ChildProcess
        private let addresses: Rig.Register

        static func start(isEncrypted: Bool, on rig: Rig) async throws -> Register {
            let process = try ChildProcess.start(
                TestBed.productsDirectory.appending(path: "kassanet-simulator"),
                isEncrypted ? ["--encryption"] : ["--no-encryption"]
            )
            let line = try await process.waitForLine(matching: "baseUrl", timeout: .seconds(30))
            let addresses = try JSONDecoder().decode(Rig.Register.self, from: Data(line.utf8))
            return Register(isEncrypted: isEncrypted, rig: rig, process: process, addresses: addresses)
        }

        func stop() async { await process.stop() }

        /// Makes up this many products, and adds cents to the price of each.
        func offer(_ products: Int, shiftingPrices cents: Int = 0) async throws {
            let body = #"{"generatedProducts":\#(products),"priceShiftCents":\#(cents),"priceShiftEvery":1}"#
            let answer = try await rig.fleet.request("POST", "\(addresses.controlUrl)/catalog", body: body)
            guard answer.status == 200 else { throw TestBedError("The catalogue was not changed: \(answer.body)") }
        }

        func connect(_ location: LocationID) async throws {
            let route = "\(rig.fleet.url(.kassanetGateway))/api/backoffice/kassanet/vanhoutte/\(location)"
            let body = """
                {"base_url":"\(addresses.baseUrl)","signature_key":"demo-signature-key",
                "encryption_token":"demo-token-12","enable_encryption":\(isEncrypted)}
                """
            let headers = ["x-merchant-id": Rig.merchant.rawValue]
            let connected = try await rig.fleet.request("POST", route, body: body, headers: headers)
            guard connected.status == 200 else { throw TestBedError("Connecting failed: \(connected.body)") }
        }
    }
}
