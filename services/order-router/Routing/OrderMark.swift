import Contracts
import Crypto
import Foundation
import RPC

/// The word by which an order is found again on a bill: `u` and eleven letters and digits.
///
/// It follows from merchant and transaction, so an order that is submitted again after a loss gets the same mark.
enum OrderMark {
    static func mark(merchant: MerchantID, transaction: TransactionID) -> String {
        let digest = SHA256.hash(data: Data("\(merchant.rawValue)\u{0}\(transaction.rawValue)".utf8))
        // Crockford's alphabet: nothing in it is mistaken for something else when staff read it out.
        let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz")
        let word = digest.prefix(8).reduce(into: UInt64(0)) { $0 = $0 << 8 | UInt64($1) }
        return "u" + String((0..<11).map { alphabet[Int(truncatingIfNeeded: word >> ($0 * 5)) & 31] })
    }
}
