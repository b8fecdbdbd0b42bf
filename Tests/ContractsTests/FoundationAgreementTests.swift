import Foundation
import RPC
import TestBed
import Testing

/// Our decoder and Foundation's take the same messages, and take them for the same.
struct FoundationAgreementTests {
    @Test(arguments: GoldenMessage.all) func bothReadTheSame(message: GoldenMessage) throws {
        for golden in [try message.read(), try message.read(minimal: true)] {
            #expect(try message.roundTrip(golden) == message.roundTripByFoundation(golden))
        }
    }

    /// One byte changed, dropped or added, at up to 200 places all over the message.
    ///
    /// What Foundation takes and is refused here: a comma behind the last element, and a UUID with a space or a sign in
    /// the place of a digit.
    @Test(arguments: GoldenMessage.all) func bothRefuseTheSame(message: GoldenMessage) async throws {
        let golden = try Array(
            JSONSerialization.data(withJSONObject: JSONSerialization.jsonObject(with: message.read()))
        )
        let places = Array(stride(from: 0, to: golden.count, by: max(1, golden.count / 200)))
        let (refused, disagreements) = await computing {
            var refused = 0
            var disagreements: [String] = []
            for (number, at) in places.enumerated() {
                let damaged = Self.damage(golden, at: at, number)
                let ours = try? message.roundTrip(Data(damaged))
                let theirs = try? message.roundTripByFoundation(Data(damaged))
                if ours == nil { refused += 1 }
                guard ours != theirs, ours != nil || !Self.isTakenByFoundationAlone(damaged, insteadOf: golden) else {
                    continue
                }
                disagreements.append(String(decoding: damaged, as: UTF8.self))
            }
            return (refused, disagreements)
        }
        #expect(disagreements.isEmpty)
        #expect(refused > places.count / 10)
    }

    private static let tokens = Array(#"{}[]:,"\0-.e nx"#.utf8) + [0x09, 0x80, 0xC3, 0xFF]

    private static func damage(_ golden: [UInt8], at place: Int, _ number: Int) -> [UInt8] {
        var damaged = golden
        let token = tokens[number % tokens.count]
        switch number % 3 {
        case 0: damaged[place] = token
        case 1: damaged.insert(token, at: place)
        default: damaged.remove(at: place)
        }
        return damaged
    }

    private static func isTakenByFoundationAlone(_ damaged: [UInt8], insteadOf golden: [UInt8]) -> Bool {
        let uuid = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/
        let text = String(decoding: damaged, as: UTF8.self)
        return text.contains(/,\s*[\]}]/)
            || text.matches(of: uuid).count < String(decoding: golden, as: UTF8.self).matches(of: uuid).count
    }
}
