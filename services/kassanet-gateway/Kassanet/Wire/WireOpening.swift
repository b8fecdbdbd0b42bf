import Foundation

/// Opens an answer while it arrives: what ``WireEnvelope/open(_:limits:)`` does, part by part.
///
/// Holds back no more than one base64 group and one block of the cipher.
struct WireOpening {
    private enum Form {
        /// Nothing but white space and byte order marks so far.
        case undecided
        case plain
        case encrypted(WireCipher)
    }

    private let cipher: WireCipher?
    private var form = Form.undecided
    /// What came and could not be opened yet: the beginning, or half a group of base64.
    private var pending: [UInt8] = []
    /// Encrypted bytes that are no whole block yet, or the last whole block, whose padding is still on.
    private var blocks: [UInt8] = []
    private var previousBlock: [UInt8] = []
    private var base64Ended = false

    init(_ envelope: WireEnvelope) {
        cipher = envelope.cipher
    }

    /// The JSON text in the next part of an answer.
    mutating func open(_ part: [UInt8]) throws(WireReadFailure) -> [UInt8] {
        switch form {
        case .plain: return part
        case .encrypted(let cipher):
            pending += part
            return try decrypt(with: cipher, isEnd: false)
        case .undecided:
            pending += part
            let text = pending.drop { WireEnvelope.isWhiteSpace($0) || [0xef, 0xbb, 0xbf].contains($0) }
            guard !text.isEmpty else { return [] }
            if WireEnvelope.beginsLikeJSON(text) {
                form = .plain
                defer { pending = [] }
                return Array(text)
            }
            guard let cipher else { throw .json }
            form = .encrypted(cipher)
            pending = Array(text)
            return try decrypt(with: cipher, isEnd: false)
        }
    }

    /// The JSON text that was held back.
    mutating func finish() throws(WireReadFailure) -> [UInt8] {
        switch form {
        case .plain: return []
        case .undecided: throw .json
        case .encrypted(let cipher): return try decrypt(with: cipher, isEnd: true)
        }
    }

    private mutating func decrypt(with cipher: WireCipher, isEnd: Bool) throws(WireReadFailure) -> [UInt8] {
        blocks += try decoded(isEnd: isEnd)
        guard !isEnd || blocks.count % 8 == 0 else { throw .decryption }
        // The last block stays until it is known not to be the end.
        let ready = isEnd ? blocks.count : max(0, (blocks.count - 1) / 8 * 8)
        let now = Array(blocks[..<ready])
        guard let plain = cipher.decrypt(blocks: now, after: previousBlock[...]) else { throw .decryption }
        if ready > 0 { previousBlock = Array(now.suffix(8)) }
        blocks.removeFirst(ready)
        guard isEnd else { return plain }
        guard let text = cipher.stripped(plain) else { throw .decryption }
        return text
    }

    private mutating func decoded(isEnd: Bool) throws(WireReadFailure) -> Data {
        var usable = pending.count & ~3
        var data = Data(base64Encoded: Data(pending[..<usable]))
        if data == nil || (isEnd && usable < pending.count) {
            // Line breaks inside base64 are ignored.
            pending.removeAll(where: WireEnvelope.isWhiteSpace)
            usable = pending.count & ~3
            data = Data(base64Encoded: Data(pending[..<usable]))
        }
        guard let data, !isEnd || usable == pending.count, !base64Ended || data.isEmpty else { throw .base64 }
        if usable > 0, pending[usable - 1] == UInt8(ascii: "=") { base64Ended = true }
        pending.removeFirst(usable)
        return data
    }
}
