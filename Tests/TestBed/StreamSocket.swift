import Foundation

/// A blocking socket: TCP on the loopback interface, or a Unix socket by its path.
package struct StreamSocket: Sendable {
    package let descriptor: Int32

    static func listening(port: Int) throws -> StreamSocket {
        let socket = try bound(port: port)
        guard listen(socket.descriptor, 64) == 0 else {
            let reason = String(cString: strerror(errno))
            socket.close()
            throw TestBedError("Port \(port) on 127.0.0.1 cannot be listened on: \(reason).")
        }
        return socket
    }

    /// A socket that has a port and does not listen on it: connecting is refused, and whoever wants to may listen there.
    static func bound(port: Int) throws -> StreamSocket {
        let socket = try open(AF_INET)
        var yes: Int32 = 1
        setsockopt(socket.descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        let bound = withLoopbackAddress(port) { bind(socket.descriptor, $0, $1) }
        guard bound == 0 else {
            let reason = String(cString: strerror(errno))
            socket.close()
            throw TestBedError("Port \(port) on 127.0.0.1 cannot be listened on: \(reason).")
        }
        return socket
    }

    package static func connected(toPort port: Int) throws -> StreamSocket {
        let socket = try open(AF_INET)
        guard withLoopbackAddress(port, { connect(socket.descriptor, $0, $1) }) == 0 else {
            let reason = String(cString: strerror(errno))
            socket.close()
            throw TestBedError("127.0.0.1:\(port) cannot be connected to: \(reason).")
        }
        return socket
    }

    static func connected(toSocket path: String) throws -> StreamSocket {
        let socket = try open(AF_UNIX)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let fits = withUnsafeMutableBytes(of: &address.sun_path) { room in
            room.copyBytes(from: path.utf8.prefix(room.count - 1))
            return path.utf8.count < room.count
        }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket.descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard fits, result == 0 else {
            socket.close()
            throw TestBedError("The socket \(path) cannot be connected to.")
        }
        return socket
    }

    /// Waits for the next caller; `nil` once the socket is shut down.
    func accepted() -> StreamSocket? {
        let descriptor = accept(descriptor, nil, nil)
        guard descriptor >= 0 else {
            return nil
        }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        return StreamSocket(descriptor: descriptor)
    }

    func port() throws -> Int {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        guard result == 0 else {
            throw TestBedError("The port of a socket is unknown: \(String(cString: strerror(errno))).")
        }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    /// Some bytes, waited for; `nil` at the end of the stream or after an error.
    package func read() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 16_384)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return count > 0 ? Array(buffer.prefix(count)) : nil
    }

    /// Writes all bytes; false when the other side is gone.
    package func write(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, noSignal) }
            guard count > 0 else {
                return false
            }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// Ends both directions, which also wakes whoever waits in them.
    func shutDown() {
        _ = shutdown(descriptor, Int32(SHUT_RDWR))
    }

    /// Does not wait for more bytes before it sends a few.
    package func sendsAtOnce() {
        var yes: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
    }

    package func close() {
        #if canImport(Darwin)
        Darwin.close(descriptor)
        #else
        Glibc.close(descriptor)
        #endif
    }

    private static func open(_ family: Int32) throws -> StreamSocket {
        #if canImport(Darwin)
        let descriptor = socket(family, SOCK_STREAM, 0)
        #else
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue), 0)
        #endif
        guard descriptor >= 0 else {
            throw TestBedError("No socket can be opened: \(String(cString: strerror(errno))).")
        }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        return StreamSocket(descriptor: descriptor)
    }

    private static func withLoopbackAddress(
        _ port: Int,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    private var noSignal: Int32 {
        #if canImport(Darwin)
        0
        #else
        Int32(MSG_NOSIGNAL)
        #endif
    }
}
