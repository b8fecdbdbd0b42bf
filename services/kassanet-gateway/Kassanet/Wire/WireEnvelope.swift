import Foundation

/// An answer that cannot be read, under the names the product documents (kassanet-wire.md, Errors).
enum WireReadFailure: String, Error, Sendable, Equatable, CaseIterable {
    case decryption = "Blowfish decryption error"
    case base64 = "Invalid base64 input"
    case json = "Invalid JSON response: possibly incorrect encryption token"
}

/// What wraps a body on its way to a register and back.
struct WireEnvelope: Sendable {
    /// Nil when encryption is off.
    let cipher: WireCipher?

    /// The body as it is sent, which is also what the signature covers.
    func seal(_ body: WireValue) -> [UInt8] {
        let plain = WireWriter.bytes(of: body)
        guard let cipher else { return plain }
        return Array(Data(cipher.encrypt(plain)).base64EncodedString().utf8)
    }

    /// Reads an answer, whatever its Content-Type.
    ///
    /// Text that begins with `{` or `[` is plain JSON even when encryption is on. A byte order mark and white space
    /// around it are ignored, as are line breaks inside base64.
    func open(_ answer: [UInt8], limits: WireReader.Limits = .init()) throws(WireReadFailure) -> WireValue {
        let text = Self.trimmed(answer[...])
        if Self.beginsLikeJSON(text) {
            return try Self.parse(text, limits)
        }
        guard let cipher else { throw .json }
        let packed = text.filter { !Self.isWhiteSpace($0) }
        guard let secret = Data(base64Encoded: Data(packed)) else { throw .base64 }
        guard let plain = cipher.decrypt(Array(secret)) else { throw .decryption }
        let inner = Self.trimmed(plain[...])
        guard Self.beginsLikeJSON(inner) else { throw .json }
        return try Self.parse(inner, limits)
    }

    private static func parse(
        _ text: ArraySlice<UInt8>,
        _ limits: WireReader.Limits
    ) throws(WireReadFailure) -> WireValue {
        do throws(WireReader.Failure) {
            return try WireReader.value(from: Array(text), limits: limits)
        } catch {
            throw .json
        }
    }

    static func beginsLikeJSON(_ text: ArraySlice<UInt8>) -> Bool {
        text.first == UInt8(ascii: "{") || text.first == UInt8(ascii: "[")
    }

    static func isWhiteSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || (0x09...0x0d).contains(byte)
    }

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var rest = bytes.drop(while: isWhiteSpace)
        if rest.starts(with: [0xef, 0xbb, 0xbf]) {
            rest = rest.dropFirst(3).drop(while: isWhiteSpace)
        }
        while let last = rest.last, isWhiteSpace(last) {
            rest.removeLast()
        }
        return rest
    }
}
