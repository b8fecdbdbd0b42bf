/// Takes a JSON object apart while it arrives: the entries of the lists that matter one by one, other members whole.
///
/// Finds where each value ends and leaves reading it to ``WireReader``, so an entry that is no JSON inside costs only
/// itself. Holds no more than one value.
struct WireScanner {
    enum Piece: Sendable, Equatable {
        /// An entry of a list, as bytes, most often in the part in which they came; nil when it is longer than allowed.
        case entry(list: String, index: Int, bytes: ArraySlice<UInt8>?)
        /// A list that matters was begun, be it empty.
        case list(String)
        /// Any other member; nil when it cannot be read, or is longer than allowed.
        case member(String, WireValue?)
    }

    private enum Place {
        case start, beforeKey, key, afterKey, beforeValue, beforeEntry, value, afterValue, end
    }

    private enum Kind {
        case container, string, word
    }

    private let lists: Set<String>
    private let maxEntryBytes: Int
    private var place = Place.start
    private var name = ""
    /// Which list the entries belong to; nil outside of one.
    private var list: String?
    /// How many entries that list has had.
    private var count = 0
    /// How many entries the lists have had that are over; one that is begun again is counted on.
    private var counts: [String: Int] = [:]
    /// The value or key that is being collected, as far as it came.
    private var held: [UInt8] = []
    private var isTooLong = false
    private var kind = Kind.word
    private var nesting = 0
    private var isInString = false
    private var isEscaped = false
    /// Whether a comma was read, after which something has to follow.
    private var wantsMore = false

    init(lists: Set<String>, maxEntryBytes: Int) {
        self.lists = lists
        self.maxEntryBytes = maxEntryBytes
    }

    /// What the next part of the text holds.
    mutating func scan(_ part: [UInt8]) throws(WireReadFailure) -> [Piece] {
        var pieces: [Piece] = []
        var position = 0
        while position < part.count {
            switch place {
            case .value: try scanValue(part, &position, &pieces)
            case .key: scanKey(part, &position)
            default: try step(part[position], &position, &pieces)
            }
        }
        return pieces
    }

    /// Throws where the text ended too early.
    func finish() throws(WireReadFailure) {
        guard place == .end else { throw .json }
    }

    /// One byte between values.
    private mutating func step(
        _ byte: UInt8,
        _ position: inout Int,
        _ pieces: inout [Piece]
    ) throws(WireReadFailure) {
        // A register may fill up with more zero bytes than the last block needs.
        if WireEnvelope.isWhiteSpace(byte) || (place == .end && byte == 0) {
            position += 1
            return
        }
        switch (place, byte) {
        case (.start, UInt8(ascii: "{")):
            place = .beforeKey
        case (.beforeKey, UInt8(ascii: "\"")):
            place = .key
            begin(.string)
        case (.beforeKey, UInt8(ascii: "}")) where !wantsMore:
            place = .end
        case (.afterKey, UInt8(ascii: ":")):
            place = .beforeValue
        case (.beforeValue, UInt8(ascii: "[")) where lists.contains(name):
            list = name
            count = counts[name, default: 0]
            pieces.append(.list(name))
            place = .beforeEntry
        case (.beforeEntry, UInt8(ascii: "]")) where !wantsMore:
            endList()
            place = .afterValue
        case (.beforeValue, _), (.beforeEntry, _):
            beginValue(byte)
            return
        case (.afterValue, UInt8(ascii: ",")):
            place = list == nil ? .beforeKey : .beforeEntry
            wantsMore = true
            position += 1
            return
        case (.afterValue, UInt8(ascii: "]")) where list != nil:
            endList()
        case (.afterValue, UInt8(ascii: "}")) where list == nil:
            place = .end
        default: throw .json
        }
        wantsMore = false
        position += 1
    }

    private mutating func endList() {
        if let list { counts[list] = count }
        list = nil
    }

    private mutating func begin(_ kind: Kind) {
        self.kind = kind
        held.removeAll(keepingCapacity: true)
        isTooLong = false
        nesting = 0
        isInString = false
        isEscaped = false
    }

    private mutating func beginValue(_ byte: UInt8) {
        wantsMore = false
        place = .value
        switch byte {
        case UInt8(ascii: "{"), UInt8(ascii: "["): begin(.container)
        case UInt8(ascii: "\""): begin(.string)
        default: begin(.word)
        }
    }

    private mutating func scanKey(_ part: [UInt8], _ position: inout Int) {
        // The opening quote was read; what is held is the text without it.
        let start = position
        while position < part.count {
            let byte = part[position]
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                hold(part[start..<position])
                position += 1
                let quoted = [UInt8(ascii: "\"")] + held + [UInt8(ascii: "\"")]
                // A key that is no text is nobody's.
                name = (try? WireReader.value(from: quoted))?.text?.trimmingSpaces() ?? ""
                place = .afterKey
                return
            }
            position += 1
        }
        hold(part[start..<position])
    }

    private mutating func scanValue(
        _ part: [UInt8],
        _ position: inout Int,
        _ pieces: inout [Piece]
    ) throws(WireReadFailure) {
        let start = position
        let end = part.withUnsafeBufferPointer { bytes in endOfValue(bytes, from: start) }
        let read = part[start..<(end ?? part.count)]
        position = end ?? part.count
        // Most entries are whole in the part they came in, and need not be put together.
        let isWhole = end != nil && held.isEmpty && read.count <= maxEntryBytes
        if !isWhole { hold(read) }
        guard end != nil else { return }
        let value = isWhole ? read : held[...]
        guard !value.isEmpty else { throw .json }
        if let list {
            pieces.append(.entry(list: list, index: count, bytes: isTooLong ? nil : value))
            count += 1
        } else {
            pieces.append(.member(name, isTooLong ? nil : try? WireReader.value(from: value)))
        }
        place = .afterValue
    }

    /// Where the value ends that is being collected; nil when it goes on in the next part.
    private mutating func endOfValue(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
        // Worked on outside of the scanner, which every byte would be written to otherwise.
        var (isInString, isEscaped, nesting) = (isInString, isEscaped, nesting)
        defer { (self.isInString, self.isEscaped, self.nesting) = (isInString, isEscaped, nesting) }
        let kind = kind
        var position = start
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if isInString {
                if isEscaped {
                    isEscaped = false
                } else if byte == 0x5c {
                    isEscaped = true
                } else if byte == 0x22 {
                    isInString = false
                    if kind == .string { return position }
                }
                continue
            }
            switch byte {
            case 0x22: isInString = true
            case 0x7b, 0x5b: nesting += 1
            case 0x7d, 0x5d:
                if kind == .word { return position - 1 }
                nesting -= 1
                if nesting == 0 { return position }
            case 0x2c, 0x20, 0x0a, 0x0d, 0x09:
                if kind == .word { return position - 1 }
            default: break
            }
        }
        return nil
    }

    private mutating func hold(_ bytes: ArraySlice<UInt8>) {
        guard held.count + bytes.count <= maxEntryBytes else {
            isTooLong = true
            held.removeAll(keepingCapacity: false)
            // Something has to be there, so that the value does not count as missing.
            held = [0x20]
            return
        }
        if !isTooLong { held += bytes }
    }
}
