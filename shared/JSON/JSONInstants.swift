package import Foundation

/// How instants stand in a text: the callers differ in how fine they keep them.
package struct JSONInstants: Sendable {
    /// The longest text an instant is written as, in bytes.
    package static let maxLength = 64

    /// What a field that holds no instant would have taken.
    let accepted: String
    let read: @Sendable (UnsafeBufferPointer<UInt8>) -> Date?
    let write: @Sendable (Date, UnsafeMutableBufferPointer<UInt8>) -> Int?

    /// `accepted` is said where `read` finds no instant.
    ///
    /// `write` puts the text, which needs no escapes, into room for `maxLength` bytes and returns its length; `nil`
    /// where there is no text for the instant.
    package init(
        accepted: String,
        read: @escaping @Sendable (UnsafeBufferPointer<UInt8>) -> Date?,
        write: @escaping @Sendable (Date, UnsafeMutableBufferPointer<UInt8>) -> Int?
    ) {
        self.accepted = accepted
        self.read = read
        self.write = write
    }
}
