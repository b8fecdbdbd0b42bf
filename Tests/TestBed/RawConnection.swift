import Foundation

/// A TCP connection to this machine that says exactly what it is told, for requests no HTTP library would send.
package struct RawConnection: Sendable {
    private let socket: StreamSocket

    package init(port: Int) throws {
        socket = try StreamSocket.connected(toPort: port)
    }

    /// So many connections that have each said something, opened away from Swift's own threads: a server that is slow to
    /// take them holds up whoever connects.
    package static func open(
        _ count: Int,
        port: Int,
        saying text: @escaping @Sendable (_ number: Int) -> String
    ) async throws -> [RawConnection] {
        try await onOwnThread {
            Result {
                try (0..<count).map { number in
                    let connection = try RawConnection(port: port)
                    connection.send(text(number))
                    return connection
                }
            }
        }.get()
    }

    /// Sends all of it; false when the other side is gone.
    @discardableResult
    package func send(_ text: String) -> Bool { socket.write(Array(text.utf8)) }

    @discardableResult
    package func send(_ bytes: [UInt8]) -> Bool { socket.write(bytes) }

    /// Everything that comes until the other side closes, or `nil` when it has not closed within the limit.
    package func readToEnd(within limit: Duration = .seconds(60)) async -> String? {
        await onOwnThread { readWhile(within: limit) { _ in true } }
    }

    /// What comes until it holds `text`; also what came when the other side closed or the limit passed before.
    package func read(until text: String, within limit: Duration = .seconds(60)) async -> String {
        await onOwnThread {
            var all = ""
            _ = readWhile(within: limit) {
                all = $0
                return !$0.contains(text)
            }
            return all
        }
    }

    package func close() { socket.close() }

    /// Reads on while `goesOn`; what was read when the other side closed, else `nil`.
    private func readWhile(within limit: Duration, _ goesOn: (String) -> Bool) -> String? {
        let end = ContinuousClock.now + limit
        var all: [UInt8] = []
        while ContinuousClock.now < end {
            var watched = pollfd(fd: socket.descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&watched, 1, 50) > 0 else { continue }
            guard let bytes = socket.read() else { return String(decoding: all, as: UTF8.self) }
            all += bytes
            if !goesOn(String(decoding: all, as: UTF8.self)) { return nil }
        }
        return nil
    }
}

extension TestBed {
    /// Lets this process have as many files and sockets open as the system allows it.
    package static func raiseDescriptorLimit() {
        var limit = rlimit()
        let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(kind, &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(kind, &limit)
    }

    /// How much memory a process has resident now, in bytes.
    package static func residentMemory(of process: Int32) throws -> Int {
        let fields = try String(contentsOfFile: "/proc/\(process)/statm", encoding: .utf8).split(separator: " ")
        guard fields.count > 1, let pages = Int(fields[1]) else { throw TestBedError("statm is not understood.") }
        return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }

    /// How many files and sockets a process has open now.
    package static func openDescriptors(of process: Int32) throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/fd").count
    }
}
