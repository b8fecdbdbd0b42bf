import Foundation
import Logging
import RegisterHTTP
import Testing

/// Registers mostly have a certificate nobody signed, so checking it is a choice per connection (kassanet-wire.md,
/// Transport).
@Suite("Certificates of registers", .timeLimit(.minutes(5)), .enabled(if: OpenSSLServer.isAvailable))
struct RegisterTLSTests {
    private func outcome(
        of server: OpenSSLServer,
        verifyTLS: Bool,
        trusting certificate: String? = nil
    ) async throws -> Result<Int, RegisterHTTPError> {
        let policy = try AddressPolicy(allowedNetworks: "127.0.0.0/8")
        let client = RegisterHTTPClient(
            .init(addressPolicy: policy, caPath: certificate),
            logger: Logger(label: "test")
        )
        do throws(RegisterHTTPError) {
            let url = "https://127.0.0.1:\(server.port)/"
            return .success(try await client.send(RegisterRequest(method: .get, url: url, verifyTLS: verifyTLS)).status)
        } catch {
            return .failure(error)
        }
    }

    @Test func certificateNobodySignedIsRefusedUnlessCheckingIsOffOrItIsNamed() async throws {
        let server = try OpenSSLServer()
        defer { server.stop() }
        guard case .failure(let error) = try await outcome(of: server, verifyTLS: true) else {
            Issue.record("an unsigned certificate was accepted")
            return
        }
        #expect(error.kind == .tlsFailed)
        #expect(error.nothingLeft)
        #expect(try await outcome(of: server, verifyTLS: false) == .success(200))
        #expect(try await outcome(of: server, verifyTLS: true, trusting: server.certificate) == .success(200))
    }
}

/// The `openssl` command as a TLS server with a certificate of its own for 127.0.0.1.
private final class OpenSSLServer {
    static let command = "/usr/bin/openssl"
    static var isAvailable: Bool { FileManager.default.isExecutableFile(atPath: command) }

    let port: Int
    let certificate: String
    private let folder: URL
    private let process: Process

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "register-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        certificate = folder.appending(path: "certificate.pem").path
        let key = folder.appending(path: "key.pem").path
        let making = try Self.start([
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate,
        ])
        _ = try making.output.readToEnd()
        let free = try RegisterStub(.hangUp)
        port = free.port
        free.stop()
        let serving = try Self.start(["s_server", "-www", "-accept", "\(port)", "-key", key, "-cert", certificate])
        process = serving.process
        var said = ""
        while !said.contains("ACCEPT"), let more = try serving.output.read(upToCount: 1) {
            said += String(decoding: more, as: UTF8.self)
        }
    }

    func stop() {
        // A child started from a dispatch thread has SIGTERM blocked.
        kill(process.processIdentifier, SIGKILL)
        try? FileManager.default.removeItem(at: folder)
    }

    private static func start(_ arguments: [String]) throws -> (process: Process, output: FileHandle) {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: command)
        process.arguments = arguments
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
        return (process, output.fileHandleForReading)
    }
}
