package import Foundation
import Synchronization

/// Where things are while tests or the demo run, and free ports to run them on.
package enum TestBed {
    /// The folder of the built executables: the one the running program is in, or its test bundle.
    package static let productsDirectory: URL = {
        #if os(macOS)
        if let bundle = Bundle.allBundles.first(where: { $0.bundlePath.hasSuffix(".xctest") }) {
            return bundle.bundleURL.deletingLastPathComponent()
        }
        #endif
        let executable = Bundle.main.executableURL ?? URL(filePath: CommandLine.arguments.first ?? "")
        return executable.resolvingSymlinksInPath().deletingLastPathComponent()
    }()

    /// The project's folder, or the current one where the sources are gone.
    package static let projectDirectory: URL = {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let isProject = FileManager.default.fileExists(atPath: root.appending(path: "Package.swift").path)
        return isProject ? root : URL(filePath: FileManager.default.currentDirectoryPath)
    }()

    /// Everything a run leaves behind is below this folder, which git ignores.
    package static let runDirectory = projectDirectory.appending(path: ".run")

    /// A TCP port on the loopback interface that nobody else is given until this process ends.
    ///
    /// It stays bound, without a listener, so that neither another test nor an outgoing connection gets it before the
    /// service that it is meant for, or while that one is down.
    package static func freePort() throws -> Int {
        let socket = try StreamSocket.bound(port: 0)
        heldPorts.withLock { $0.append(socket) }
        return try socket.port()
    }

    /// One of PostgreSQL's programs, such as `pgbench`.
    package static func postgresProgram(_ name: String) throws -> URL {
        try PostgresPrograms.find().folder.appending(path: name)
    }

    private static let heldPorts = Mutex<[StreamSocket]>([])
}

/// A sentence that says what the person at the keyboard can do about it.
package struct TestBedError: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}
