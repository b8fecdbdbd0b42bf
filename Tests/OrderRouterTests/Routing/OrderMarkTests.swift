import Contracts
import RPC
import Testing

@testable import OrderRouter

@Suite struct OrderMarkTests {
    private func mark(_ merchant: String, _ transaction: String) -> String {
        OrderMark.mark(
            merchant: MerchantID(unchecked: merchant),
            transaction: TransactionID(unchecked: transaction)
        )
    }

    /// It stands on registers: changing how it is made would lose every order that is under way.
    @Test func itIsAlwaysTheSame() {
        #expect(mark("m1", "t-1") == mark("m1", "t-1"))
        #expect(mark("m1", "t-1") == "ux5wnv3x28ya")
    }

    @Test func itIsOneWordOfSmallLettersAndDigits() {
        for number in 0..<200 {
            let mark = mark("m1", "t-\(number)")
            #expect(mark.count == 12)
            #expect(mark.first == "u")
            #expect(mark.allSatisfy { $0.isASCII && ($0.isLowercase || $0.isNumber) })
        }
    }

    @Test func itIsUniquePerMerchantAndTransaction() {
        var marks: Set<String> = []
        for merchant in 0..<20 {
            for transaction in 0..<500 { marks.insert(mark("m\(merchant)", "t-\(transaction)")) }
        }
        #expect(marks.count == 10_000)
        #expect(mark("ab", "c") != mark("a", "bc"))
    }
}
