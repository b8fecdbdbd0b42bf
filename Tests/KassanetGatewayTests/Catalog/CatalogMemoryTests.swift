import Contracts
import Foundation
import KassanetSimulator
import RPC
import RPCClient
import TestBed
import Testing

@testable import KassanetGateway

/// The gateway as a process of its own, so that what it takes of memory is its own.
@Suite("A catalogue of any length", .timeLimit(.minutes(5)), .serialized)
struct CatalogMemoryTests {
    @Test("200,000 products take at most half as much memory again as 20,000, and all of them arrive (M4)")
    func memoryIsFlat() async throws {
        let short = try await peak(reading: 20_000)
        let long = try await peak(reading: 200_000)
        print("gateway's peak memory: \(short / 1_000) kB for 20,000 products, \(long / 1_000) kB for 200,000")
        #expect(Double(long) <= 1.5 * Double(short))
    }

    /// The most memory, in kilobytes, that a gateway has taken when it has read a catalogue of that length.
    private func peak(reading count: Int) async throws -> Int {
        var configuration = SimulatorConfiguration()
        configuration.settings.generatedProducts = count
        let register = try await RegisterSimulator.start(configuration)
        let database = try await PrivatePostgres.shared.freshDatabase()
        try await Fleet.prepare(database)
        let fleet = try Fleet(
            database: { PrivatePostgres.url(database, role: $0) },
            settings: [.kassanetGateway: ["REGISTER_CATALOG_TIMEOUT": "300s"]]
        )
        let result: Result<Int, any Error>
        do {
            try await fleet.start([.kassanetGateway])
            let answer = try await fleet.request(
                "POST",
                "\(fleet.url(.kassanetGateway))/api/backoffice/kassanet/vanhoutte/location-1",
                body: """
                    {"base_url":"\(register.baseURL)","signature_key":"\(configuration.signatureKey)",
                    "encryption_token":"\(configuration.encryptionToken)"}
                    """,
                headers: ["x-merchant-id": "merchant-1"]
            )
            #expect(answer.status == 200)
            let parts = fleet.client(.kassanetGateway).stream(
                PosGatewayV1.readCatalog,
                Place.first.itself,
                context: .byHand(timeout: .seconds(240))
            )
            var products = 0
            var summary: CatalogSummary?
            for try await part in parts {
                #expect(part.products.count <= CatalogReading.partSize)
                products += part.products.count
                summary = part.summary
            }
            #expect(products > count)
            #expect(summary?.products == products)
            let process = try #require(await fleet.process(.kassanetGateway))
            result = .success(try process.peakMemory())
        } catch {
            result = .failure(error)
        }
        await fleet.stop()
        await register.stop()
        return try result.get()
    }
}
