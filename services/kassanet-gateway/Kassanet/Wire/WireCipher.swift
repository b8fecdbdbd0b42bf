import CBlowfish
import Secrets

/// Blowfish-CBC as registers speak it: eight zero bytes as IV, the token as key at its natural length.
///
/// Zero padding adds nothing to a text that is aligned already, and on reading every trailing zero byte goes
/// (kassanet-wire.md, Transport and Settled).
struct WireCipher: Sendable {
    /// The only key lengths Blowfish has; connecting with another token is refused.
    static let tokenLengths = 4...56

    private let key: [UInt8]
    private let padding: WireSettings.Padding

    /// Nil when the token's length in bytes is outside ``tokenLengths``.
    init?(token: Secret, padding: WireSettings.Padding) {
        let key = Array(token.reveal().utf8)
        guard Self.tokenLengths.contains(key.count) else { return nil }
        self.key = key
        self.padding = padding
    }

    func encrypt(_ plain: [UInt8]) -> [UInt8] {
        var bytes = plain
        let missing = 8 - plain.count % 8
        switch padding {
        case .zero: bytes += Array(repeating: 0, count: missing % 8)
        case .pkcs7: bytes += Array(repeating: UInt8(missing), count: missing)
        }
        var output = [UInt8](repeating: 0, count: bytes.count)
        _ = blowfish_cbc_encrypt(key, key.count, bytes, bytes.count, &output)
        return output
    }

    /// Decrypts whole blocks in the middle of a text, padding left in; `previous` is the encrypted block before them.
    func decrypt(blocks: [UInt8], after previous: ArraySlice<UInt8>) -> [UInt8]? {
        guard blocks.count % 8 == 0 else { return nil }
        var output = [UInt8](repeating: 0, count: blocks.count)
        guard blowfish_cbc_decrypt(key, key.count, blocks, blocks.count, &output) == 0 else { return nil }
        // The C function begins with zero bytes as IV, where in the middle the block before stands.
        for (index, byte) in zip(output.indices, previous) { output[index] ^= byte }
        return output
    }

    /// Takes the padding off the end of a text; nil when it shows that the key is another one.
    func stripped(_ plain: [UInt8]) -> [UInt8]? {
        var output = plain
        switch padding {
        case .zero:
            while output.last == 0 {
                output.removeLast()
            }
        case .pkcs7:
            guard let last = output.last else { return output }
            guard (1...8).contains(last), output.suffix(Int(last)).allSatisfy({ $0 == last }) else { return nil }
            output.removeLast(Int(last))
        }
        return output
    }

    /// Nil when the length is no multiple of eight, or the padding shows that the key is another one.
    func decrypt(_ secret: [UInt8]) -> [UInt8]? {
        decrypt(blocks: secret, after: []).flatMap(stripped)
    }
}
