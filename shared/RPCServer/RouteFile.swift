package import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import RPC

/// What a route answers that is no JSON: a file with a name, and a tag that tells its content from any other.
package struct RouteFile: Sendable {
    /// Sends one piece of a file, and returns when there is room for the next.
    package typealias Send = @Sendable (Data) async throws -> Void

    private enum Content: Sendable {
        case bytes(Data)
        case pieces(@Sendable (Send) async throws -> Void)
    }

    private let name: String
    private let isDownload: Bool
    private let tag: String
    private let content: Content

    /// A file of which all bytes are there; a browser shows it.
    ///
    /// `name`: for whoever saves it, of letters, digits and `-_.`; any other character becomes `-`.
    /// `tag`: without quotes.
    package init(_ name: String, tag: String, _ bytes: Data) {
        self.name = name
        self.tag = tag
        isDownload = false
        content = .bytes(bytes)
    }

    /// A file that is made while it is sent; a browser saves it.
    ///
    /// `tag` stands for what the file is made of, so it has to change when that does. `write` runs until the call's
    /// deadline at most.
    package init(_ name: String, tag: String, writing write: @escaping @Sendable (Send) async throws -> Void) {
        self.name = name
        self.tag = tag
        isDownload = true
        content = .pieces(write)
    }

    func response(
        _ mediaType: String,
        to call: RouteCall,
        _ context: CallContext,
        on eventLoop: any EventLoop
    ) -> Response {
        // Kept by a browser for itself alone, and asked for again each time.
        var headers: HTTPFields = [.eTag: "\"\(tag)\"", .cacheControl: "private, no-cache"]
        headers[.requestID] = context.requestID
        guard !isKnown(to: call) else { return Response(status: .notModified, headers: headers) }
        headers[.contentType] = mediaType
        headers[.contentDisposition] = "\(isDownload ? "attachment" : "inline"); filename=\"\(safeName)\""
        headers[.xContentTypeOptions] = "nosniff"
        return Response(status: .ok, headers: headers, body: body(context, on: eventLoop))
    }

    private func body(_ context: CallContext, on eventLoop: any EventLoop) -> ResponseBody {
        switch content {
        case .bytes(let bytes): return ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        case .pieces(let write):
            return ResponseBody { writer in
                let output = StreamOutput(writer, on: eventLoop)
                do {
                    try await withDeadline(context.deadline) {
                        try await write { try await output.write(ByteBuffer(bytes: $0), messages: 1) }
                        try await output.finish()
                    }
                } catch {
                    context.logger.warning(
                        "File broken off",
                        metadata: ["pieces": "\(output.messages)", "cause": "\(String(reflecting: error))"]
                    )
                    throw error
                }
            }
        }
    }

    /// Whether one of the tags the caller has is this file's; a weak one counts (RFC 9110, 13.1.2).
    private func isKnown(to call: RouteCall) -> Bool {
        (call.headers[.ifNoneMatch] ?? "").split(separator: ",").contains { known in
            let known = known.trimmingCharacters(in: .whitespaces)
            return known == "*" || known == "\"\(tag)\"" || known == "W/\"\(tag)\""
        }
    }

    private var safeName: String {
        String(
            name.map { character in
                let isSafe =
                    character.isASCII && (character.isLetter || character.isNumber || "-_.".contains(character))
                return isSafe ? character : "-"
            }
        )
    }
}
