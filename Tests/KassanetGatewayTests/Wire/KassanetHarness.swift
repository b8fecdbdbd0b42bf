import Foundation
import Logging
import RegisterHTTP
import Secrets
import Synchronization
import Testing

@testable import KassanetGateway

/// A client whose waits take no time, in front of a stub register.
struct KassanetHarness {
    let client: KassanetClient
    let waits = Waits()
    var connection: KassanetConnection

    final class Waits: Sendable {
        private let list = Mutex<[Duration]>([])
        var taken: [Duration] { list.withLock { $0 } }

        func add(_ wait: Duration) {
            list.withLock { $0.append(wait) }
        }
    }

    init(
        _ url: String,
        encryption: Bool = false,
        limits: KassanetClient.Limits = .init(connect: .seconds(30), total: .seconds(30)),
        now: @escaping @Sendable () -> Date = { Date(timeIntervalSince1970: 1_735_787_045) }
    ) throws {
        let policy = try AddressPolicy(allowedNetworks: "127.0.0.0/8")
        let http = RegisterHTTPClient(.init(addressPolicy: policy), logger: Logger(label: "test"))
        client = KassanetClient(http: http, limits: limits, now: now) { [waits] in waits.add($0) }
        connection = KassanetConnection(
            baseURL: url,
            signatureKey: Secret("demo-signature-key"),
            encryptionToken: Secret("demo-token-12"),
            wire: WireSettings(encryption: encryption, timeZone: .gmt)
        )
    }

    static let order = KassanetOrder(tableNumber: 12, tableText: "Kiosk #7", items: [])

    /// The error of a read (`test`) or a write (`CreateOrder`), if there is one.
    func failure(writing: Bool, call: KassanetCall = KassanetCall()) async -> KassanetError? {
        do throws(KassanetError) {
            if writing {
                _ = try await client.createOrder(connection, Self.order, call: call)
            } else {
                _ = try await client.testRegister(connection, call: call)
            }
            return nil
        } catch {
            return error
        }
    }
}
