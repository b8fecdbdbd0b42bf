import Foundation
import RPC
import Testing

/// Our decoder and Foundation's take the same messages, and take them for the same.
struct FoundationAgreementTests {
    @Test(arguments: GoldenMessage.all) func bothReadTheSame(message: GoldenMessage) throws {
        for golden in [try message.read(), try message.read(minimal: true)] {
            #expect(try message.roundTrip(golden) == message.roundTripByFoundation(golden))
        }
    }

    /// One byte changed, dropped or added, at every place.
    ///
    /// What Foundation takes and is refused here: a comma behind the last element, and a UUID with a space or a sign in
    /// the place of a digit.
    @Test(arguments: GoldenMessage.all) func bothRefuseTheSame(message: GoldenMessage) throws {
        let golden = try Array(
            JSONSerialization.data(withJSONObject: JSONSerialization.jsonObject(with: message.read()))
        )
        let tokens = Array(#"{}[]:,"\0-.e nx"#.utf8) + [0x09, 0x80, 0xC3, 0xFF]
        let uuid = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/
        let uuids = String(decoding: golden, as: UTF8.self).matches(of: uuid).count
        var refused = 0
        for at in golden.indices {
            var damaged = golden
            let token = tokens[at % tokens.count]
            switch at % 3 {
            case 0: damaged[at] = token
            case 1: damaged.insert(token, at: at)
            default: damaged.remove(at: at)
            }
            let ours = try? message.roundTrip(Data(damaged))
            let theirs = try? message.roundTripByFoundation(Data(damaged))
            let text = String(decoding: damaged, as: UTF8.self)
            let isLax = text.contains(/,\s*[\]}]/) || text.matches(of: uuid).count < uuids
            #expect(ours == theirs || ours == nil && isLax, "\(text)")
            if ours == nil { refused += 1 }
        }
        #expect(refused > golden.count / 10)
    }
}
