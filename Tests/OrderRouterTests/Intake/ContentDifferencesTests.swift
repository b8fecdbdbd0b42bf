import Contracts
import Foundation
import RPC
import Testing

@testable import OrderRouter

@Suite struct ContentDifferencesTests {
    private static let first = """
        {"merchantId":"m1","locationId":"main","transactionId":"t-1","orderNumber":"1042","channel":"kiosk",
        "serviceType":"pickup","guest":{"name":"Ada"},"items":[{"plu":"11","name":"Coffee","quantity":1,
        "unitPriceCents":300}],"totalCents":300,"currency":"EUR","pickupAt":"2026-03-01T18:30:00Z",
        "payment":{"status":"confirmed","provider":"stripe","reference":"pi_1"}}
        """

    private static func order(_ replacing: String = "", by text: String = "") throws -> SubmitOrderRequest {
        let body = replacing.isEmpty ? first : first.replacingOccurrences(of: replacing, with: text)
        return try RPCCoding.decode(SubmitOrderRequest.self, from: Data(body.utf8))
    }

    @Test(arguments: [
        ("", ""),
        ("18:30:00Z", "19:30:00+01:00"),
        ("18:30:00Z", "18:30:00.000Z"),
        (#""guest":{"name":"Ada"}"#, #""guest":{"name":"Ada","phone":null}"#),
        (#""totalCents":300"#, #""totalCents":300,"tipCents":null"#),
        (#""totalCents":300"#, #""fromTheFuture":true,"totalCents":300.0"#),
        (#""name":"Coffee""#, #""name":"\u0043offee""#),
    ])
    func equalContentInAnotherSpellingIsEqual(replacing: String, by text: String) throws {
        #expect(try ContentDifferences.paths(Self.order(), Self.order(replacing, by: text)) == [])
    }

    @Test(arguments: [
        (#""quantity":1"#, #""quantity":2"#, ["items[0].quantity"]),
        (#""totalCents":300"#, #""totalCents":301"#, ["totalCents"]),
        (#""totalCents":300"#, #""totalCents":301,"tipCents":1"#, ["tipCents", "totalCents"]),
        (#""channel":"kiosk""#, #""channel":"online""#, ["channel"]),
        (#""name":"Ada""#, #""name":"Grace""#, ["guest.name"]),
        (#""name":"Ada""#, #""name":"Ada","email":"ada@example.com""#, ["guest.email"]),
        (#""reference":"pi_1""#, #""reference":"pi_2""#, ["payment.reference"]),
        ("18:30:00Z", "18:31:00Z", ["pickupAt"]),
        (#""items":[{"#, #""items":[{"plu":"9","name":"Tea","quantity":1,"unitPriceCents":0},{"#, ["items"]),
    ])
    func differencesAreNamedByTheirPaths(replacing: String, by text: String, paths: [String]) throws {
        let other = try Self.order(replacing, by: text)
        #expect(try ContentDifferences.paths(Self.order(), other) == paths)
        #expect(try ContentDifferences.paths(other, Self.order()) == paths)
    }

    /// The values may be a guest's.
    @Test func theErrorHoldsPathsAndNoValues() throws {
        let paths = try ContentDifferences.paths(Self.order(), Self.order("Ada", by: "Grace"))
        let error = RoutingError.contentDiffers(fields: paths).rpcError
        #expect(error.code == .alreadyExists)
        #expect(error.reason == "content_differs")
        #expect(error.message.contains("guest.name"))
        for value in ["Ada", "Grace"] { #expect(!"\(error) \(error.fields)".contains(value)) }
    }

    /// What was stored comes back out of `jsonb` and still equals what was sent.
    @Test func sixtyThousandthsOfASecondDoNotCount() throws {
        var stored = try Self.order()
        stored.pickupAt = stored.pickupAt?.addingTimeInterval(0.00006)
        #expect(try ContentDifferences.paths(stored, Self.order()) == [])
    }
}
