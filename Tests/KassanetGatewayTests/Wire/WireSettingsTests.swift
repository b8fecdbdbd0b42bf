import Contracts
import Foundation
import KassanetSimulator
import RPC
import Testing

@testable import KassanetGateway

/// One way in which a register can be set up on the wire.
struct WireChoice: Sendable, CustomTestStringConvertible {
    let encryption: Bool
    let padding: WireSettings.Padding
    let signature: WireSettings.SignatureEncoding
    let dateZone: WireSettings.DateZone
    let timeZone: String
    let path: String

    var testDescription: String {
        "\(encryption ? "encrypted" : "plain") \(padding) \(signature) \(dateZone) \(timeZone) \(path)"
    }

    /// Every combination there is.
    static let all: [WireChoice] = [true, false].flatMap { encryption in
        WireSettings.Padding.allCases.flatMap { padding in
            WireSettings.SignatureEncoding.allCases.flatMap { signature in
                WireSettings.DateZone.allCases.flatMap { dateZone in
                    // Both sides of UTC, one of them not by whole hours.
                    [("America/St_Johns", ""), ("Europe/Brussels", "/kassanet")].map { timeZone, path in
                        WireChoice(
                            encryption: encryption,
                            padding: padding,
                            signature: signature,
                            dateZone: dateZone,
                            timeZone: timeZone,
                            path: path
                        )
                    }
                }
            }
        }
    }
}

@Suite("Every combination of wire settings (K1)", .timeLimit(.minutes(5)), .serialized)
struct WireSettingsTests {
    @Test("All eleven endpoints, with a register that checks strictly", arguments: WireChoice.all)
    func everyEndpoint(_ choice: WireChoice) async throws {
        try await GatewayBed.with {
            $0.encryption = choice.encryption
            $0.padding = WirePadding(rawValue: choice.padding.rawValue) ?? .zero
            $0.signatureEncoding = SignatureEncoding(rawValue: choice.signature.rawValue) ?? .base64
            $0.dateZone = DateZone(rawValue: choice.dateZone.rawValue) ?? .location
            $0.timeZone = choice.timeZone
            $0.basePath = choice.path
            // Less than the zones are apart, so that a date in the wrong one is found.
            $0.dateWindowSeconds = 60
        } _: { bed in
            try await bed.connect {
                $0.enableEncryption = choice.encryption
                $0.padding = choice.padding
                $0.signatureEncoding = choice.signature
                $0.dateZone = choice.dateZone
                $0.timeZone = choice.timeZone
            }
            let tested = try await bed.service.testConnection(Place.first.itself, bed.context())
            #expect(tested.status.knownValue == .connected)
            #expect(try await bed.service.listTables(Place.first.itself, bed.context()).tables.count == 40)
            let table = try #require(
                try await bed.service.askFreeTable(Place.first.itself, bed.context()).tableNumber
            )
            let items = [OrderItem(plu: "102", name: "Crème brûlée 🍮", quantity: 2, unitPriceCents: 650)]
            let order = Place.first.place(.sample(guest: Guest(name: "Zoë"), items: items), table: table)
            #expect(try await bed.service.placeOrder(order, bed.context()).outcome.knownValue == .done)
            let deposit = try await bed.service.postDeposit(Place.first.pay(305, table: table), bed.context())
            #expect(deposit.outcome.knownValue == .done)
            let bill = try await bed.service.readBill(Place.first.bill(table), bed.context()).bill
            #expect(bill.openCents == 995)
            #expect(bill.lines.map(\.name) == ["Crème brûlée 🍮"])
            let paid = try await bed.service.settleBill(Place.first.pay(995, table: table), bed.context())
            #expect(paid.outcome.knownValue == .done)
            var summary: CatalogSummary?
            try await bed.service.readCatalog(Place.first.itself, bed.context()) { summary = $0.summary }
            #expect(summary?.skipped == 0)
            let stock = ReadStockRequest(
                merchantId: Place.first.merchant,
                locationId: Place.first.location,
                threshold: 3
            )
            _ = try await bed.service.readStock(stock, bed.context())
            #expect(Set(await bed.register.requests.map(\.endpoint)).count == 11)
        }
    }

    @Test(
        "A setting that the register does not share is found by the connection test, not by an order (K4)",
        arguments: OtherSetting.allCases
    )
    func wrongSettingsFailTheTest(_ setting: OtherSetting) async throws {
        let register = try await RegisterSimulator.start(SimulatorConfiguration())
        try await GatewayBed.with { bed in
            try await bed.connect {
                $0.baseURL = register.baseURL
                switch setting {
                case .signatureEncoding: $0.signatureEncoding = .hex
                case .dateZone: $0.dateZone = .utc
                case .encryption: $0.enableEncryption = false
                }
            }
            let tested = try await bed.service.testConnection(Place.first.itself, bed.context())
            #expect(tested.status.knownValue != .connected)
            #expect(await register.violations.count > 0)
        }
        await register.stop()
    }

    /// What is set otherwise than at the register.
    enum OtherSetting: String, CaseIterable, Sendable {
        case signatureEncoding, dateZone, encryption
    }
}
