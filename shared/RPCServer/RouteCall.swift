package import Foundation
package import HTTPTypes
package import Hummingbird
package import OpenAPI
package import RPC

/// One call of a plain route: what stands in its path, its headers and its body.
package struct RouteCall: Sendable {
    package let parameters: Parameters
    package let headers: HTTPFields
    package let query: Parameters
    package let body: Data

    /// The body as a message; an empty body is none.
    package func decode<Message: Decodable>(_ type: Message.Type) throws(RPCError) -> Message {
        try RPCCoding.decode(type, from: body)
    }

    /// An identifier in the path.
    package func identifier<ID: Identifier>(_ name: String, as type: ID.Type = ID.self) throws(RPCError) -> ID {
        guard let id = parameters.get(name).flatMap(ID.init(rawValue:)) else { throw Self.malformed(name) }
        return id
    }

    /// Whom the call is for: the merchant that `x-merchant-id` names, or the only one that the caller's token names.
    ///
    /// Throws `invalid_argument` where neither tells, and `permission_denied` where the token does not name the merchant.
    package func merchant(for caller: Caller) throws(RPCError) -> MerchantID {
        let merchant: MerchantID
        if let header = headers[named: Self.merchantHeader] {
            guard let named = MerchantID(rawValue: header) else { throw Self.malformed(Self.merchantHeader) }
            merchant = named
        } else if case .only(let merchants) = caller.merchants, merchants.count == 1, let only = merchants.first {
            merchant = only
        } else {
            throw .invalid([
                FieldProblem(
                    Self.merchantHeader,
                    "is missing",
                    accepted: "the merchant, since your token may act for several"
                )
            ])
        }
        try caller.requireAccess(to: merchant)
        return merchant
    }

    private static func malformed(_ field: String) -> RPCError {
        .invalid([FieldProblem(field, "is malformed", accepted: "1 to 64 of letters, digits and -_.:")])
    }

    fileprivate static let merchantHeader = "x-merchant-id"
}

extension APIParameter {
    /// What ``RouteCall/merchant(for:)`` reads.
    package static let merchantHeader = APIParameter(
        RouteCall.merchantHeader,
        in: .header,
        MerchantID.self,
        isRequired: false,
        example: "demo-merchant",
        "The restaurant company; a token for a single one need not send it."
    )
    /// The restaurant, as `{locationId}` in the path.
    package static let locationInPath = APIParameter(
        "locationId",
        in: .path,
        LocationID.self,
        example: "brasserie-du-port",
        "The restaurant."
    )
}
