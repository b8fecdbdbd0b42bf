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
    /// A comma behind the last element is the one thing that Foundation takes and that is refused here.
    @Test(arguments: GoldenMessage.all) func bothRefuseTheSame(message: GoldenMessage) throws {
        let golden = try Array(
            JSONSerialization.data(withJSONObject: JSONSerialization.jsonObject(with: message.read()))
        )
        let tokens = Array(#"{}[]:,"\0-.e nx"#.utf8) + [0x09, 0x80, 0xC3, 0xFF]
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
            #expect(ours == theirs || ours == nil && text.contains(/,\s*[\]}]/), "\(text)")
            if ours == nil { refused += 1 }
        }
        #expect(refused > golden.count / 10)
    }
}
