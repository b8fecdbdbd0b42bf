import CBlowfish
import Crypto
import Foundation

/// How the last block of an encrypted body is filled.
package enum WirePadding: String, Sendable, CaseIterable {
    /// Zero bytes up to a multiple of eight, none where the text is aligned already.
    case zero
    case pkcs7
}

/// How the 32 bytes of a signature are written.
package enum SignatureEncoding: String, Sendable, CaseIterable {
    case base64
    /// Lower case.
    case hex
}

/// Why a body could not be opened.
struct EnvelopeError: Error, Equatable {
    let rule: WireViolation.Rule
    let detail: String
}

/// The signature and the cipher of one connection.
///
/// It is written from the wire page alone and shares no line with the gateway, so a mistake in one shows in the other.
struct Envelope: Sendable {
    let signatureKey: String
    let signatureEncoding: SignatureEncoding
    let token: String
    let padding: WirePadding

    private static let block = 8

    /// The signature over a date and a body as sent.
    func signature(date: String, body: [UInt8]) -> String {
        let key = SymmetricKey(data: Array(signatureKey.utf8))
        let code = Array(HMAC<SHA256>.authenticationCode(for: Array(date.utf8) + body, using: key))
        switch signatureEncoding {
        case .base64: return Data(code).base64EncodedString()
        case .hex: return code.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
    }

    /// The base64 text of an encrypted body.
    func seal(_ plain: [UInt8]) -> String {
        Data(run(blowfish_cbc_encrypt, padded(plain)) ?? []).base64EncodedString()
    }

    /// A part of an encrypted body; `last` is the encrypted block before it, and only the end is padded.
    func seal(_ plain: [UInt8], after last: [UInt8], isEnd: Bool) -> [UInt8] {
        var text = isEnd ? padded(plain) : plain
        for (index, byte) in zip(text.indices, last) { text[index] ^= byte }
        return run(blowfish_cbc_encrypt, text) ?? []
    }

    /// The plain bytes of a body that was sent encrypted; every liberty a sender took is an error.
    func open(_ sent: [UInt8]) throws(EnvelopeError) -> [UInt8] {
        let text = String(decoding: sent, as: UTF8.self)
        guard let cipher = Data(base64Encoded: text), cipher.base64EncodedString() == text, !cipher.isEmpty else {
            throw EnvelopeError(rule: .bodyEncoding, detail: "the body is not base64")
        }
        guard cipher.count % Self.block == 0, let plain = run(blowfish_cbc_decrypt, Array(cipher)) else {
            throw EnvelopeError(rule: .bodyEncoding, detail: "\(cipher.count) bytes are no whole number of blocks")
        }
        return try stripped(plain)
    }

    private func padded(_ plain: [UInt8]) -> [UInt8] {
        let over = plain.count % Self.block
        switch padding {
        case .zero:
            return over == 0 ? plain : plain + [UInt8](repeating: 0, count: Self.block - over)
        case .pkcs7:
            return plain + [UInt8](repeating: UInt8(Self.block - over), count: Self.block - over)
        }
    }

    private func stripped(_ plain: [UInt8]) throws(EnvelopeError) -> [UInt8] {
        switch padding {
        case .zero:
            let zeros = plain.reversed().prefix { $0 == 0 }.count
            guard zeros < Self.block else {
                throw EnvelopeError(rule: .padding, detail: "\(zeros) zero bytes, where at most 7 can be needed")
            }
            return plain.dropLast(zeros)
        case .pkcs7:
            guard let last = plain.last, (1...8).contains(last), plain.suffix(Int(last)).allSatisfy({ $0 == last })
            else { throw EnvelopeError(rule: .padding, detail: "the padding is not PKCS #7") }
            return plain.dropLast(Int(last))
        }
    }

    private typealias Cipher = (
        UnsafePointer<UInt8>?, Int, UnsafePointer<UInt8>?, Int, UnsafeMutablePointer<UInt8>?
    ) -> Int32

    private func run(_ cipher: Cipher, _ input: [UInt8]) -> [UInt8]? {
        let key = Array(token.utf8)
        var output = [UInt8](repeating: 0, count: input.count)
        guard cipher(key, key.count, input, input.count, &output) == 0 else { return nil }
        return output
    }
}
