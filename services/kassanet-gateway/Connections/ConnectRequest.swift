import Foundation
import RPC
import Secrets

/// The body of a connect call (rule K1), as the backoffice sends it.
struct ConnectRequest: Decodable, Sendable {
    var baseURL: String?
    var signatureKey: String?
    var encryptionToken: String?
    var settings: SettingsChange

    enum CodingKeys: String, CodingKey, CaseIterable {
        case baseURL = "base_url"
        case signatureKey = "signature_key"
        case encryptionToken = "encryption_token"
    }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        baseURL = try fields.decodeIfPresent(String.self, forKey: .baseURL)
        signatureKey = try fields.decodeIfPresent(String.self, forKey: .signatureKey)
        encryptionToken = try fields.decodeIfPresent(String.self, forKey: .encryptionToken)
        settings = try SettingsChange(from: decoder)
    }

    /// The credentials and settings, or every problem with them; a setting that is left out has its default.
    func validated(for provider: Provider) throws(RPCError) -> (Credentials, ConnectionSettings) {
        var check = FieldCheck()
        let usual = ConnectionSettings(baseURL: check.address(baseURL))
        let key = check.required("signature_key", signatureKey)
        let token = check.required("encryption_token", encryptionToken)
        if !token.isEmpty, !Self.tokenBytes.contains(token.utf8.count) {
            check.problem("encryption_token", "has the wrong length", accepted: "4 to 56 bytes")
        }
        let settings = settings.applied(to: usual, of: provider, &check)
        try check.finish()
        return (
            Credentials(signatureKey: Secret(key), encryptionToken: Secret(token)),
            settings
        )
    }
}

extension ConnectRequest: SchemaHinted {
    static let tokenBytes = 4...56

    static var schemaHints: [String: SchemaHint] {
        let own: [String: SchemaHint] = [
            "base_url": .about("The register's address, http or https.", example: "http://127.0.0.1:18090").required,
            "signature_key": .about("A secret of the register.", example: "demo-signature-key").required,
            "encryption_token": .text(bytes: tokenBytes, "A secret of the register.", example: "demo-token-12")
                .required,
        ]
        return own.merging(SettingsChange.schemaHints) { own, _ in own }
    }
}
