import Foundation
import Synchronization

/// A server on 127.0.0.1 that does what a test tells it to, and remembers what reached it.
///
/// Plain sockets and a thread for each connection, so that it can misbehave in every way: stay silent, drip, hang up.
final class RegisterStub: Sendable {
    struct Received: Sendable {
        /// Counted from 1; requests with the same number came over one connection.
        let connection: Int
        let method: String
        let target: String
        /// Names in lower case.
        let headers: [String: String]
        let body: [UInt8]
    }

    enum Reply: Sendable {
        case answer(Int, String, headers: [String: String] = [:])
        /// These bytes as they are, then the end of the connection.
        case raw(String)
        /// The head of an answer of `length` bytes, then one byte at a time.
        case drip(length: Int, every: TimeInterval)
        /// No answer, until the caller gives up.
        case silence
        /// The request is read and the connection closed.
        case hangUp
    }

    private struct State {
        var connections = 0
        var received: [Received] = []
        var waiting: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    let port: Int
    private let listener: Int32
    private let state = Mutex(State())
    private let reply: @Sendable (_ number: Int, Received) -> Reply

    /// `reply` is asked for each request, which are counted from 1.
    init(reply: @escaping @Sendable (_ number: Int, Received) -> Reply) throws {
        self.reply = reply
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let failed = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) != 0 || listen(listener, 64) != 0 || getsockname(listener, $0, &length) != 0
            }
        }
        guard !failed else { throw POSIXError(.EADDRNOTAVAIL) }
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread { self.acceptConnections() }.start()
    }

    /// Gives these replies in turn; the last one stands for all that follow.
    convenience init(_ replies: Reply...) throws {
        try self.init { number, _ in replies[min(number, replies.count) - 1] }
    }

    var url: String { "http://127.0.0.1:\(port)" }
    var received: [Received] { state.withLock { $0.received } }
    var connections: Int { state.withLock { $0.connections } }

    /// Returns once this many requests have arrived.
    func waitForRequests(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let arrived = state.withLock { state in
                guard state.received.count < count else { return true }
                state.waiting.append((count, continuation))
                return false
            }
            if arrived {
                continuation.resume()
            }
        }
    }

    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
    }

    private func acceptConnections() {
        while true {
            let descriptor = accept(listener, nil, nil)
            guard descriptor >= 0 else { break }
            let number = state.withLock { state in
                state.connections += 1
                return state.connections
            }
            Thread { self.serve(descriptor, number) }.start()
        }
        close(listener)
    }

    private func serve(_ descriptor: Int32, _ connection: Int) {
        defer { close(descriptor) }
        while let request = readRequest(descriptor, connection) {
            let (number, waiting) = state.withLock { state in
                state.received.append(request)
                let count = state.received.count
                defer { state.waiting.removeAll { $0.count <= count } }
                return (count, state.waiting.filter { $0.count <= count })
            }
            waiting.forEach { $0.continuation.resume() }
            guard perform(reply(number, request), on: descriptor) else { return }
        }
    }

    /// Whether the connection goes on.
    private func perform(_ reply: Reply, on descriptor: Int32) -> Bool {
        switch reply {
        case .answer(let status, let body, let headers):
            let lines = headers.map { "\($0.key): \($0.value)\r\n" }.joined()
            let head = "HTTP/1.1 \(status) Status\r\nContent-Length: \(body.utf8.count)\r\n\(lines)\r\n"
            return write(head + body, descriptor)
        case .raw(let text):
            _ = write(text, descriptor)
            return false
        case .drip(let length, let interval):
            var more = write("HTTP/1.1 200 OK\r\nContent-Length: \(length)\r\n\r\n", descriptor)
            for _ in 0..<length where more {
                more = write("x", descriptor)
                Thread.sleep(forTimeInterval: interval)
            }
            return false
        case .silence:
            var byte: UInt8 = 0
            while recv(descriptor, &byte, 1, 0) > 0 {}
            return false
        case .hangUp:
            return false
        }
    }

    private func write(_ text: String, _ descriptor: Int32) -> Bool {
        let bytes = Array(text.utf8)
        return send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    }

    private func readRequest(_ descriptor: Int32, _ connection: Int) -> Received? {
        var head: [UInt8] = []
        var byte: UInt8 = 0
        while !head.suffix(4).elementsEqual("\r\n\r\n".utf8) {
            guard recv(descriptor, &byte, 1, 0) == 1 else { return nil }
            head.append(byte)
        }
        let lines = String(decoding: head, as: UTF8.self).components(separatedBy: "\r\n")
        let words = lines[0].split(separator: " ").map(String.init)
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 {
                headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
            }
        }
        var body = [UInt8](repeating: 0, count: Int(headers["content-length"] ?? "0") ?? 0)
        if !body.isEmpty {
            guard recv(descriptor, &body, body.count, Int32(MSG_WAITALL)) == body.count else { return nil }
        }
        return Received(connection: connection, method: words[0], target: words[1], headers: headers, body: body)
    }
}
