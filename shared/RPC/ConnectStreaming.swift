package import Foundation

/// The wire of Connect's streams: what stands before each message, and what stands at the end.
///
/// Each message is an envelope: one byte of flags, four bytes of length (big-endian), then so many bytes of JSON.
package enum ConnectStreaming {
    package static let contentType = "application/connect+json"
    package static let prefixLength = 5

    /// The flags of an envelope.
    package enum Flags {
        package static let message: UInt8 = 0
        /// The message is compressed, which nobody here asks for.
        package static let compressed: UInt8 = 1
        /// The message is an ``EndOfStream`` and the last one.
        package static let endOfStream: UInt8 = 2
    }

    /// How a stream ended: well, or with an error; and what else there is to say.
    package struct EndOfStream: Codable, Sendable {
        package var error: RPCErrorBody?
        package var metadata: [String: [String]]?

        package init(error: RPCErrorBody?, metadata: [String: [String]]? = nil) {
            self.error = error
            self.metadata = metadata
        }
    }

    /// The five bytes before a message.
    package static func prefix(flags: UInt8, length: Int) -> [UInt8] {
        let length = UInt32(clamping: length).bigEndian
        return [flags] + withUnsafeBytes(of: length, Array.init)
    }

    /// Takes the one message out of a request's body.
    package static func onlyMessage(in body: Data) throws(RPCError) -> Data {
        guard body.count >= prefixLength, let flags = body.first else { throw malformed }
        guard flags == Flags.message else {
            throw .invalid([FieldProblem("body", "has flags \(flags)", accepted: "0: not compressed, not the end")])
        }
        let length = body.dropFirst().prefix(4).reduce(0) { $0 << 8 | Int($1) }
        let message = body.dropFirst(prefixLength)
        guard message.count == length else { throw malformed }
        return Data(message)
    }

    private static let malformed = RPCError(
        .invalidArgument,
        "The body is not one enveloped message. Send a zero byte, the length in four bytes, and the JSON.",
        reason: "malformed_envelope",
        nextAction: .fixRequest
    )
}
