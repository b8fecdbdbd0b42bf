import Foundation
import Secrets
import Testing

struct KeyRingTests {
    private static let first = Data(repeating: 0x41, count: 32).base64EncodedString()
    private static let second = Data(repeating: 0x42, count: 32).base64EncodedString()

    private let ring: KeyRing
    private let owner = "m1/main"

    init() throws {
        ring = try KeyRing(Secret("k1:\(Self.first)"))
    }

    @Test(arguments: ["", "hunter2", "héllo ✓", String(repeating: "x", count: 10_000)])
    func whatIsSealedOpensAgain(text: String) throws {
        let sealed = try ring.seal(Secret(text), for: owner)
        #expect(sealed.keyID == "k1")
        #expect(sealed.bytes.count == text.utf8.count + 28)
        #expect(try ring.open(sealed, for: owner).reveal() == text)
    }

    @Test func sealingTwiceGivesTwoRecords() throws {
        #expect(try ring.seal(Secret("hunter2"), for: owner) != ring.seal(Secret("hunter2"), for: owner))
    }

    @Test func aRecordOfAnotherOwnerDoesNotOpen() throws {
        let sealed = try ring.seal(Secret("hunter2"), for: owner)
        #expect(throws: KeyRingError.unreadable) { try ring.open(sealed, for: "m2/main") }
        #expect(throws: KeyRingError.unreadable) { try ring.open(sealed, for: "") }
    }

    @Test(arguments: [0, 12, -1]) func aRecordThatWasChangedDoesNotOpen(place: Int) throws {
        let sealed = try ring.seal(Secret("hunter2"), for: owner)
        var bytes = sealed.bytes
        bytes[place < 0 ? bytes.count + place : place] ^= 1
        #expect(throws: KeyRingError.unreadable) {
            try ring.open(SealedSecret(keyID: "k1", bytes: bytes), for: owner)
        }
    }

    @Test(arguments: [0, 5, 27]) func aRecordThatWasCutDoesNotOpen(length: Int) throws {
        let sealed = try ring.seal(Secret("hunter2"), for: owner)
        #expect(throws: KeyRingError.unreadable) {
            try ring.open(SealedSecret(keyID: "k1", bytes: sealed.bytes.prefix(length)), for: owner)
        }
    }

    @Test func anUnknownKeyIsNamed() throws {
        let sealed = try ring.seal(Secret("hunter2"), for: owner)
        let other = try KeyRing(Secret("k2:\(Self.second)"))
        #expect(throws: KeyRingError.unknownKey("k1")) { try other.open(sealed, for: owner) }
        #expect("\(KeyRingError.unknownKey("k1"))".contains("k1"))
    }

    @Test func aRecordCannotBeMovedToAnotherKey() throws {
        // The same bytes as a key, under another id: the id is authenticated too.
        let sealed = try ring.seal(Secret("hunter2"), for: owner)
        let renamed = try KeyRing(Secret("k2:\(Self.first)"))
        #expect(throws: KeyRingError.unreadable) {
            try renamed.open(SealedSecret(keyID: "k2", bytes: sealed.bytes), for: owner)
        }
    }

    @Test func aNewKeyInFrontSealsWhileTheOldOneStillOpens() throws {
        let old = try ring.seal(Secret("hunter2"), for: owner)
        let both = try KeyRing(Secret("k2:\(Self.second), k1:\(Self.first)\n"))
        #expect(both.currentKeyID == "k2")
        #expect(try both.open(old, for: owner).reveal() == "hunter2")
        let new = try both.seal(try both.open(old, for: owner), for: owner)
        #expect(new.keyID == "k2")
        let onlyNew = try KeyRing(Secret("k2:\(Self.second)"))
        #expect(try onlyNew.open(new, for: owner).reveal() == "hunter2")
    }

    @Test(arguments: [
        "", ",", "k1", "k1:", ":\(first)", " :\(first)", "k1:hunter2-hunter2", "k1:\(first.dropLast(8))", first,
        "k1:\(first),k2", "k1:\(first);k2:\(second)", "k1:\(first)\(second)",
    ])
    func aMalformedSettingIsRefusedWithoutRepeatingIt(setting: String) {
        #expect {
            try KeyRing(Secret(setting))
        } throws: { error in
            let text = "\(error) \(String(reflecting: error))"
            return error as? KeyRingError == .malformed && !text.contains(Self.first) && !text.contains("hunter2")
        }
    }

    @Test func oneKeyIDMayStandOnlyOnce() {
        #expect(throws: KeyRingError.repeatedKey("k1")) { try KeyRing(Secret("k1:\(Self.first),k1:\(Self.second)")) }
    }

    @Test func theRingDoesNotShowItsKeys() {
        var dumped = ""
        dump(ring, to: &dumped)
        let hex = String(repeating: "41", count: 32)
        for text in ["\(ring)", String(reflecting: ring), dumped] {
            #expect(!text.contains(Self.first) && !text.contains(hex) && !text.contains("65, 65, 65"))
        }
    }
}
