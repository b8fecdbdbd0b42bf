import Foundation
import TestBed

/// What must be so before anything is started, each with a sentence for when it is not.
enum Preconditions {
    static func check(ports: [Int]) throws {
        let taken = ports.sorted().filter { !isFree($0) }
        guard taken.isEmpty else {
            let list = taken.map(String.init).joined(separator: ", ")
            throw TestBedError(
                taken.count == 1
                    ? "port \(list) is in use. Stop what listens there (another demo?), then start again."
                    : "the ports \(list) are in use. Stop what listens there (another demo?), then start again."
            )
        }
        let values = try TestBed.projectDirectory.resourceValues(forKeys: [.volumeAvailableCapacityKey])
        if let free = values.volumeAvailableCapacity, free < 300_000_000 {
            throw TestBedError(
                "the disk has \(free / 1_000_000) MB left; a database needs 300. Free some space, then start again."
            )
        }
    }

    private static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var reuse: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &reuse, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
