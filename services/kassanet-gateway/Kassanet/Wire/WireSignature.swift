import Crypto
import Foundation
import Secrets

/// The `Signature` header: HMAC-SHA256 over the date text followed by the body as sent (kassanet-wire.md, Transport).
///
/// A GET has no body, so its signature covers the date alone; a query string is not signed.
enum WireSignature {
    static func text(date: String, body: [UInt8], key: Secret, encoding: WireSettings.SignatureEncoding) -> String {
        let key = SymmetricKey(data: Array(key.reveal().utf8))
        let code = HMAC<SHA256>.authenticationCode(for: Array(date.utf8) + body, using: key)
        switch encoding {
        case .base64:
            return Data(code).base64EncodedString()
        case .hex:
            let digits = Array("0123456789abcdef".utf8)
            return String(decoding: code.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
        }
    }
}
