import Foundation
import RegisterHTTP
import Secrets

/// What it takes to speak to one register.
struct KassanetConnection: Sendable {
    /// As ``RegisterAddress`` accepted it: without a trailing slash.
    var baseURL: String
    var signatureKey: Secret
    var encryptionToken: Secret
    var verifyTLS: Bool
    var wire: WireSettings
    /// A refusal of GetBill whose message contains one of these, in any case, means that there is no bill.
    var noBillMessages: [String]

    init(
        baseURL: String,
        signatureKey: Secret,
        encryptionToken: Secret,
        verifyTLS: Bool = true,
        wire: WireSettings,
        noBillMessages: [String] = []
    ) {
        self.baseURL = baseURL
        self.signatureKey = signatureKey
        self.encryptionToken = encryptionToken
        self.verifyTLS = verifyTLS
        self.wire = wire
        self.noBillMessages = noBillMessages
    }

    /// `{base_url}/{endpoint}`, with `SEC1/` between them when encryption is on (kassanet-wire.md, Transport).
    func url(of endpoint: KassanetEndpoint, query: [(String, String)]) -> String {
        let base = baseURL.hasSuffix("/") ? String(baseURL.dropLast()) : baseURL
        let path = "\(base)/\(wire.encryption ? "SEC1/" : "")\(endpoint.name)"
        let pairs = query.map { "\(Self.escaped($0))=\(Self.escaped($1))" }
        return pairs.isEmpty ? path : "\(path)?\(pairs.joined(separator: "&"))"
    }

    private static func escaped(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics.intersection(.urlQueryAllowed)) ?? ""
    }
}
