/// Goes over a text once, and notes on a tape what stands where.
struct JSONParser {
    private typealias Node = JSONDocument.Node

    private let text: UnsafeBufferPointer<UInt8>
    private let limits: JSONLimits
    private var at = 0
    private var depth = 0
    private var elements = 0
    private var nodes: UnsafeMutablePointer<JSONDocument.Node>
    private var count = 0
    private var capacity: Int

    init(_ text: UnsafeBufferPointer<UInt8>, limits: JSONLimits) {
        self.text = text
        self.limits = limits
        capacity = text.count / 8 + 16
        nodes = .allocate(capacity: capacity)
    }

    /// The tape, which the caller deallocates.
    mutating func parse() throws(JSONRefusal) -> UnsafeMutableBufferPointer<JSONDocument.Node> {
        do throws(JSONRefusal) {
            guard text.count < UInt32.max else { throw JSONRefusal.malformed(offset: 0) }
            if text.starts(with: [0xEF, 0xBB, 0xBF]) { at = 3 }
            skipSpace()
            try value()
            skipSpace()
            guard at == text.count else { throw malformed }
        } catch {
            nodes.deallocate()
            throw error
        }
        return UnsafeMutableBufferPointer(start: nodes, count: count)
    }

    private var malformed: JSONRefusal { .malformed(offset: at) }

    /// The byte here; 0, which no JSON holds, behind the end.
    @inline(__always)
    private var byte: UInt8 { at < text.count ? text[at] : 0 }

    @inline(__always)
    private mutating func skipSpace() {
        while byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { at += 1 }
    }

    @inline(__always)
    private mutating func append(_ node: JSONDocument.Node) {
        if count == capacity { grow() }
        (nodes + count).initialize(to: node)
        count += 1
    }

    @inline(never)
    private mutating func grow() {
        let larger = UnsafeMutablePointer<JSONDocument.Node>.allocate(capacity: capacity * 2)
        larger.moveInitialize(from: nodes, count: count)
        nodes.deallocate()
        nodes = larger
        capacity *= 2
    }

    private mutating func value() throws(JSONRefusal) {
        switch byte {
        case UInt8(ascii: "\""): try string(.string)
        case UInt8(ascii: "{"): try object()
        case UInt8(ascii: "["): try array()
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try number()
        case UInt8(ascii: "t"): try word("true", .yes)
        case UInt8(ascii: "f"): try word("false", .no)
        case UInt8(ascii: "n"): try word("null", .null)
        default: throw malformed
        }
    }

    private mutating func word(_ word: StaticString, _ kind: JSONDocument.Node.Kind) throws(JSONRefusal) {
        let start = at
        for index in 0..<word.utf8CodeUnitCount {
            guard byte == word.utf8Start[index] else { throw malformed }
            at += 1
        }
        append(Node(kind: kind, start: UInt32(start), length: UInt32(at - start), next: UInt32(count + 1)))
    }

    // MARK: Arrays and objects

    /// Goes into an array or object, and returns its node.
    private mutating func enter(_ kind: JSONDocument.Node.Kind) throws(JSONRefusal) -> Int {
        depth += 1
        guard depth <= limits.maxDepth else { throw .tooDeep(limit: limits.maxDepth) }
        try countElement()
        at += 1
        append(Node(kind: kind, start: UInt32(count + 1), length: 0, next: 0))
        skipSpace()
        return count - 1
    }

    private mutating func leave(_ node: Int, length: UInt32) {
        depth -= 1
        at += 1
        nodes[node].length = length
        nodes[node].next = UInt32(count)
    }

    @inline(__always)
    private mutating func countElement() throws(JSONRefusal) {
        elements += 1
        guard elements <= limits.maxElements else { throw .tooManyElements(limit: limits.maxElements) }
    }

    private mutating func array() throws(JSONRefusal) {
        let node = try enter(.array)
        var length: UInt32 = 0
        if byte != UInt8(ascii: "]") {
            while true {
                try value()
                length += 1
                skipSpace()
                guard byte == UInt8(ascii: ",") else { break }
                try countElement()
                at += 1
                skipSpace()
            }
        }
        guard byte == UInt8(ascii: "]") else { throw malformed }
        leave(node, length: length)
    }

    private mutating func object() throws(JSONRefusal) {
        let node = try enter(.object)
        var names = Names()
        if byte != UInt8(ascii: "}") {
            while true {
                guard byte == UInt8(ascii: "\"") else { throw malformed }
                let name = count
                try string(.name)
                skipSpace()
                guard byte == UInt8(ascii: ":") else { throw malformed }
                at += 1
                skipSpace()
                try value()
                nodes[name].next = UInt32(count)
                note(name, of: node, in: &names)
                skipSpace()
                guard byte == UInt8(ascii: ",") else { break }
                try countElement()
                at += 1
                skipSpace()
            }
        }
        guard byte == UInt8(ascii: "}") else { throw malformed }
        leave(node, length: names.count)
    }

    // MARK: Names that stand twice

    /// The names seen in an object.
    private struct Names {
        var count: UInt32 = 0
        /// One bit for each name, found from its length and ends: a bit that is set says that two may be the same.
        var bits: UInt64 = 0
        /// In an object of many members, all of them.
        var all: Set<[UInt8]>?
    }

    /// Crosses out a name that stood there before.
    private mutating func note(_ name: Int, of object: Int, in names: inout Names) {
        let isRepeated: Bool
        if nodes[name].hasEscapes || names.count >= 32 || names.all != nil {
            // Made when it is first needed, so that a small object does without.
            var all = names.all ?? Set(self.names(of: object, before: name).map(written))
            isRepeated = !all.insert(written(name)).inserted
            names.all = all
        } else {
            let bytes = bytes(name)
            let ends = Int(bytes.first ?? 0) &* 7 &+ Int(bytes.last ?? 0) &* 13 &+ bytes.count &* 29
            let bit: UInt64 = 1 << UInt64(ends & 63)
            isRepeated =
                names.bits & bit != 0
                && self.names(of: object, before: name).contains { self.bytes($0).elementsEqual(bytes) }
            names.bits |= bit
        }
        if isRepeated { nodes[name].kind = .repeatedName } else { names.count += 1 }
    }

    private func names(of object: Int, before name: Int) -> some Sequence<Int> {
        sequence(first: object + 1) { Int(self.nodes[$0].next) }.prefix { $0 < name }
    }

    @inline(__always)
    private func bytes(_ name: Int) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(rebasing: text[Int(nodes[name].start)..<Int(nodes[name].start + nodes[name].length)])
    }

    private func written(_ name: Int) -> [UInt8] {
        let bytes = bytes(name)
        return nodes[name].hasEscapes
            ? [UInt8](unsafeUninitializedCapacity: bytes.count) { $1 = JSONEscapes.resolve(bytes, into: $0) }
            : Array(bytes)
    }

    // MARK: Numbers and strings

    private mutating func number() throws(JSONRefusal) {
        let start = at
        if byte == UInt8(ascii: "-") { at += 1 }
        if byte == UInt8(ascii: "0") {
            at += 1
        } else {
            try digits()
        }
        if byte == UInt8(ascii: ".") {
            at += 1
            try digits()
        }
        if byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E") {
            at += 1
            if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") { at += 1 }
            try digits()
        }
        append(Node(kind: .number, start: UInt32(start), length: UInt32(at - start), next: UInt32(count + 1)))
    }

    @inline(__always)
    private mutating func digits() throws(JSONRefusal) {
        guard byte.isDigit else { throw malformed }
        repeat { at += 1 } while byte.isDigit
    }

    private mutating func string(_ kind: JSONDocument.Node.Kind) throws(JSONRefusal) {
        at += 1
        let start = at
        var hasEscapes = false
        while true {
            skipPlain()
            switch byte {
            case UInt8(ascii: "\""):
                append(
                    Node(
                        kind: kind,
                        hasEscapes: hasEscapes,
                        start: UInt32(start),
                        length: UInt32(at - start),
                        next: UInt32(count + 1)
                    )
                )
                at += 1
                return
            case UInt8(ascii: "\\"):
                guard let length = JSONEscapes.length(text, at) else { throw malformed }
                hasEscapes = true
                at += length
            case 0x80...0xFF:
                at += try characterLength()
            default:
                // A control character, or the end.
                throw malformed
            }
        }
    }

    /// Goes on to the next byte that ends a string, begins an escape, or is no printable ASCII.
    @inline(__always)
    private mutating func skipPlain() {
        guard let base = UnsafeRawPointer(text.baseAddress) else { return }
        // Eight bytes at a time: the lowest high bit that is set shows the first byte that is not plain.
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        while at + 8 <= text.count {
            let word = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: at, as: UInt64.self))
            let quote = word ^ (ones &* 0x22)
            let slash = word ^ (ones &* 0x5C)
            let special =
                (((word &- ones &* 0x20) & ~word) | ((quote &- ones) & ~quote) | ((slash &- ones) & ~slash) | word)
                & highs
            guard special == 0 else {
                at += special.trailingZeroBitCount / 8
                return
            }
            at += 8
        }
        while byte >= 0x20, byte < 0x80, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") { at += 1 }
    }

    /// The length of a character beyond ASCII, in bytes of UTF-8.
    private func characterLength() throws(JSONRefusal) -> Int {
        func isContinuation(_ offset: Int, _ range: ClosedRange<UInt8> = 0x80...0xBF) -> Bool {
            at + offset < text.count && range.contains(text[at + offset])
        }
        let length =
            switch byte {
            case 0xC2...0xDF: isContinuation(1) ? 2 : 0
            case 0xE0: isContinuation(1, 0xA0...0xBF) && isContinuation(2) ? 3 : 0
            case 0xED: isContinuation(1, 0x80...0x9F) && isContinuation(2) ? 3 : 0
            case 0xE1...0xEF: isContinuation(1) && isContinuation(2) ? 3 : 0
            case 0xF0: isContinuation(1, 0x90...0xBF) && isContinuation(2) && isContinuation(3) ? 4 : 0
            case 0xF1...0xF3: isContinuation(1) && isContinuation(2) && isContinuation(3) ? 4 : 0
            case 0xF4: isContinuation(1, 0x80...0x8F) && isContinuation(2) && isContinuation(3) ? 4 : 0
            default: 0
            }
        guard length > 0 else { throw malformed }
        return length
    }
}
