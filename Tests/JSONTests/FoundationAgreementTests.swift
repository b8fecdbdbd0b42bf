import Foundation
import JSON
import Testing

/// Foundation's coders as the measure: the same texts are taken, and mean the same.
struct FoundationAgreementTests {
    @Test(arguments: 0..<8) func whatEitherWritesBothRead(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<100 {
            let value = AnyValue.random(using: &generator)
            let ours = try JSONWriter(instants: instants).write(value)
            let theirs = try JSONEncoder().encode(value)
            #expect(try JSONDecoder().decode(AnyValue.self, from: ours) == value)
            #expect(try JSONReader(limits: .trusted, instants: instants).read(AnyValue.self, from: theirs) == value)
            #expect(try JSONReader(limits: .trusted, instants: instants).read(AnyValue.self, from: ours) == value)
        }
    }

    /// All of the text is read here, so that Foundation too has to look at all of it.
    ///
    /// It takes two things that are refused here: a comma behind the last element, which is no JSON, and NUL, which
    /// PostgreSQL cannot keep. And it takes a fraction beyond 2^53 for the whole number beside it.
    @Test(arguments: 0..<8) func aDamagedTextIsTakenByBothOrByNeither(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed + 100)
        let encoder = JSONEncoder()
        // The same text for the same seed.
        encoder.outputFormatting = .sortedKeys
        var taken = 0
        for _ in 0..<150 {
            var bytes = Array(try encoder.encode([AnyValue.random(using: &generator, depth: 3)]))
            for _ in 0..<Int.random(in: 1...3, using: &generator) { damage(&bytes, using: &generator) }
            let text = String(decoding: bytes, as: UTF8.self)
            let ours = try? JSONReader(limits: .trusted, instants: instants).read(AnyValue.self, from: Data(bytes))
            let theirs = try? JSONDecoder().decode(AnyValue.self, from: Data(bytes))
            if ours == nil, theirs != nil {
                #expect(text.contains(/,\s*[\]}]/) || text.contains(#"\u0000"#), "\(text)")
            } else if !text.contains(/[0-9]{16}\./) {
                #expect(ours == theirs, "\(text)")
            }
            taken += ours == nil ? 0 : 1
        }
        // Damage that nothing survives, or all, shows nothing.
        #expect((5..<145).contains(taken))
    }

    private func damage(_ bytes: inout [UInt8], using generator: inout SeededGenerator) {
        let at = Int.random(in: 0..<bytes.count, using: &generator)
        let tokens = Array(#"{}[]:,"\/bfnrtu0123456789+-.eE "#.utf8) + [0x09, 0x1F, 0x80, 0xC3, 0xE2, 0xF0, 0xFF]
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: bytes[at] = tokens.randomElement(using: &generator) ?? 0
        case 1: bytes.insert(tokens.randomElement(using: &generator) ?? 0, at: at)
        case 2 where bytes.count > 1: bytes.remove(at: at)
        case 3 where bytes.count > 1: bytes.removeLast(min(bytes.count - 1, Int.random(in: 1...4, using: &generator)))
        default: bytes.swapAt(at, Int.random(in: 0..<bytes.count, using: &generator))
        }
    }
}
