import Foundation
import TestBed

/// A kept connection to a service of ours that has one request on its way at most.
struct HTTPConnection {
    /// What of an answer is looked at.
    struct Answer {
        var dueAt: UInt64
        var status: Int
        var body: String
    }

    private let socket: StreamSocket
    private var received: [UInt8] = []
    /// When the request that is on its way was due, in nanoseconds; `nil` when there is none.
    private(set) var dueAt: UInt64?

    init(port: Int) throws {
        socket = try StreamSocket.connected(toPort: port)
        socket.sendsAtOnce()
    }

    var descriptor: Int32 { socket.descriptor }

    mutating func send(_ request: [UInt8], dueAt: UInt64) throws {
        guard socket.write(request) else { throw TestBedError("The service closed a connection of the load.") }
        self.dueAt = dueAt
    }

    /// What has come; `nil` while the answer is not complete.
    mutating func read() throws -> Answer? {
        guard let more = socket.read() else { throw TestBedError("The service closed a connection of the load.") }
        received += more
        guard let due = dueAt, let head = received.firstRange(of: Self.blankLine) else { return nil }
        let length = Self.contentLength(received[..<head.lowerBound])
        guard received.count >= head.upperBound + length else { return nil }
        let status = received.count > 12 ? Int(String(decoding: received[9..<12], as: UTF8.self)) ?? 0 : 0
        let body = status == 200 ? "" : String(decoding: received[head.upperBound...].prefix(500), as: UTF8.self)
        received.removeAll(keepingCapacity: true)
        dueAt = nil
        return Answer(dueAt: due, status: status, body: body)
    }

    func close() { socket.close() }

    private static let blankLine = Array("\r\n\r\n".utf8)
    private static let lengthField = Array("content-length:".utf8)

    private static func contentLength(_ head: ArraySlice<UInt8>) -> Int {
        // ASCII letters only differ in this bit from their lower case.
        let lowered = head.map { $0 >= 0x41 && $0 <= 0x5a ? $0 | 0x20 : $0 }
        guard let field = lowered.firstRange(of: lengthField) else { return 0 }
        var length = 0
        for byte in lowered[field.upperBound...].drop(while: { $0 == 0x20 }) {
            guard (0x30...0x39).contains(byte) else { break }
            length = length * 10 + Int(byte - 0x30)
        }
        return length
    }
}
