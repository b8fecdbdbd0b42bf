import Contracts
import Foundation
import KassanetSimulator
import RPC
import Secrets
import TestBed
import Testing

/// What must never show: credentials and guest data in logs, errors, metrics and answers (I7).
@Suite(.serialized, .timeLimit(.minutes(5)))
struct SecretTests {
    @Test("No signature key, encryption token or guest phone number shows anywhere, whatever goes wrong")
    func plantedSecretsNeverShow() async throws {
        var configuration = SimulatorConfiguration()
        configuration.signatureKey = "planted-signature-4711"
        configuration.encryptionToken = "planted-token-4711"
        let guest = Guest(name: "Planted Guest", phone: "+32470998877", email: "planted@guest.example")
        let secrets = [
            configuration.signatureKey, configuration.encryptionToken, "+32470998877", "470998877",
            "planted@guest.example", "Planted Guest", "local-token-of", Fleet.platformToken.reveal(),
        ]
        try await World.run(register: configuration) { world in
            var seen: [String] = []
            _ = try await world.order(world.submit(World.order("1", guest: guest)).orderId, in: .delivered)
            let faults: [RegisterFault] = [
                RegisterFault(.refuse, on: "CreateOrder", message: "no"),
                RegisterFault(.wrongKey, on: "CreateOrder"), RegisterFault(.garbage, on: "PayBill"),
                RegisterFault(.status, on: "CreateOrder", status: 503),
            ]
            for (index, fault) in faults.enumerated() {
                await world.register.add(fault)
                let id = try await world.submit(World.order("f\(index)", guest: guest)).orderId
                seen.append("\(try await world.order(id, in: .delivered, .refused, .unclear, .parked))")
                await world.register.clearFaults()
                seen.append(try await world.test())
            }
            var other = World.order("1", guest: guest)
            other.guest?.phone = "+32470998877 "
            let error = await #expect(throws: RPCError.self) { try await world.submit(other) }
            seen.append("\(String(describing: error)) \(String(reflecting: error?.fields))")
            try await world.register.setPower(on: false)
            let parked = try await world.submit(World.order("9", guest: guest)).orderId
            seen.append("\(try await world.order(parked, in: .parked))")
            seen.append(try await world.status())
            for member in [Fleet.Member.orderRouter, .kassanetGateway, .tableAllocator] {
                seen.append(try await world.fleet.request("GET", "\(world.fleet.url(member))/metrics").body)
            }
            seen.append(await world.fleet.output())
            let everything = seen.joined(separator: "\n")
            #expect(everything.utf8.count > 10_000)
            for secret in secrets { #expect(!everything.contains(secret), "\(secret) shows") }
        }
    }
}
