import Foundation
import RPC

/// A contract made for these tests: one message, in each kind of procedure.
enum EchoV1 {
    static let service = "upvendo.test.v1.Echo"

    static let say = RPCMethod<SayRequest, SayResponse>(service, "Say", .notIdempotent)
    static let keep = RPCMethod<SayRequest, SayResponse>(service, "Keep", .idempotent)
    static let look = RPCMethod<SayRequest, SayResponse>(service, "Look", .readOnly)
    /// Takes long bodies, so that what stops a monstrous one is not its length.
    static let swallow = RPCMethod<SayRequest, SayResponse>(
        service,
        "Swallow",
        .idempotent,
        maxRequestBytes: 8 * 1024 * 1024
    )

    /// A stream of as many elements as are asked for, or of whatever a test's handler makes of it.
    static func count(
        maxRequestBytes: Int = 64 * 1024,
        maxElementBytes: Int = 128 * 1024,
        idleLimit: Duration = .seconds(100),
        maxDuration: Duration = .seconds(240)
    ) -> RPCStream<SayRequest, CountElement> {
        RPCStream(
            service,
            "Count",
            .readOnly,
            maxRequestBytes: maxRequestBytes,
            maxElementBytes: maxElementBytes,
            idleLimit: idleLimit,
            maxDuration: maxDuration
        )
    }
}

struct CountElement: Codable, Hashable, Sendable {
    var number: Int
    var filling: String?
}

struct SayRequest: Codable, Hashable, Sendable, MerchantScoped {
    var merchantId = MerchantID(unchecked: "m1")
    var text: String
    var items: [Item]?
    var kind: Open<Kind>?
    var at: Date?
    var id: UUID?
    var isLoud: Bool?
    var ratio: Double?

    var merchantID: MerchantID { merchantId }

    init(_ text: String, merchant: String = "m1") {
        self.text = text
        merchantId = MerchantID(unchecked: merchant)
    }

    struct Item: Codable, Hashable, Sendable {
        var quantity: Int
        var name: String?
    }

    enum Kind: String, CaseIterable, Sendable {
        case dry
        case wet
    }
}

struct SayResponse: Codable, Hashable, Sendable {
    var text: String
}
