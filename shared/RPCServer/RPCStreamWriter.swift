import Foundation
import NIOCore
import RPC

/// Where a streaming handler puts its elements, one after the other.
///
/// Sending waits until the connection has room, so a handler is never further ahead of its reader than a few hundred
/// kilobytes, and stops (its task is cancelled) when the reader is gone.
package struct RPCStreamWriter<Element: Codable & Sendable>: Sendable {
    let output: StreamOutput
    let maxElementBytes: Int

    /// Sends one element.
    ///
    /// Throws `CancellationError` when the stream is over for the reader, and `internal` for an element that is longer
    /// than the contract allows.
    package func send(_ element: Element) async throws {
        var buffer = ByteBuffer()
        try append(element, to: &buffer)
        try await output.write(buffer, messages: 1)
    }

    /// Sends elements that are there already, in one go.
    ///
    /// All of them are in memory as JSON at once, so keep them few.
    package func send(contentsOf elements: some Sequence<Element>) async throws {
        var buffer = ByteBuffer()
        var count = 0
        for element in elements {
            try append(element, to: &buffer)
            count += 1
        }
        guard count > 0 else { return }
        try await output.write(buffer, messages: count)
    }

    private func append(_ element: Element, to buffer: inout ByteBuffer) throws {
        let json = try RPCCoding.encode(element)
        guard json.count <= maxElementBytes else {
            throw RPCError(
                .internal,
                "An element of \(json.count) bytes is longer than the \(maxElementBytes) its contract allows.",
                nextAction: .callSupport
            )
        }
        buffer.writeEnvelope(ConnectStreaming.Flags.message, json)
    }
}

extension ByteBuffer {
    mutating func writeEnvelope(_ flags: UInt8, _ json: Data) {
        reserveCapacity(minimumWritableBytes: ConnectStreaming.prefixLength + json.count)
        writeBytes(ConnectStreaming.prefix(flags: flags, length: json.count))
        writeBytes(json)
    }
}
