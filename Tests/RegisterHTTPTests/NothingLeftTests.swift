import Foundation
import Logging
import RegisterHTTP
import Testing

/// The fact that decides whether a write may be sent again (kassanet-wire.md, Transport; faults F13, F15, F16, F29).
@Suite("What is known when a request fails", .timeLimit(.minutes(5)))
struct NothingLeftTests {
    private func client(allowing networks: String = "127.0.0.0/8") throws -> RegisterHTTPClient {
        RegisterHTTPClient(
            .init(addressPolicy: try AddressPolicy(allowedNetworks: networks)),
            logger: Logger(label: "test")
        )
    }

    private func failure(_ request: RegisterRequest, _ client: RegisterHTTPClient) async -> RegisterHTTPError? {
        do {
            _ = try await client.send(request)
            return nil
        } catch {
            return error
        }
    }

    private func post(_ url: String, limit: Duration = .seconds(30)) -> RegisterRequest {
        RegisterRequest(method: .post, url: url, body: Array("{}".utf8), connectTimeout: limit, totalTimeout: limit)
    }

    @Test func refusedConnectionMeansNothingLeft() async throws {
        let error = await failure(post("http://127.0.0.1:1/"), try client())
        #expect(error?.kind == .connectFailed)
        #expect(error?.nothingLeft == true)
    }

    @Test func unknownNameMeansNothingLeft() async throws {
        let error = await failure(post("http://no-such-register.invalid/x?password=hush"), try client())
        #expect(error?.kind == .nameNotFound)
        #expect(error?.nothingLeft == true)
        #expect(error.map { "\($0)\($0.detail)" }?.contains("hush") == false)
    }

    @Test func connectionThatIsNeverAcceptedMeansNothingLeft() async throws {
        let full = try FullListener()
        let error = await failure(post("http://127.0.0.1:\(full.port)/", limit: .milliseconds(300)), try client())
        #expect(error?.kind == .connectTimedOut)
        #expect(error?.nothingLeft == true)
    }

    @Test func failedTLSHandshakeMeansNothingLeft() async throws {
        let stub = try RegisterStub(.hangUp)
        defer { stub.stop() }
        let error = await failure(
            post("https://127.0.0.1:\(stub.port)/", limit: .milliseconds(500)),
            try client()
        )
        #expect(error?.kind == .tlsFailed || error?.kind == .connectTimedOut)
        #expect(error?.nothingLeft == true)
    }

    @Test(arguments: [
        (RegisterStub.Reply.hangUp, RegisterHTTPError.Kind.closed),
        (.silence, .timedOut),
        (.raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort"), .closed),
        (.raw("SSH-2.0-OpenSSH_9.2\r\n"), .notHTTP),
    ])
    func failureAfterTheRequestMeansItMayHaveArrived(
        _ reply: RegisterStub.Reply,
        _ kind: RegisterHTTPError.Kind
    ) async throws {
        let stub = try RegisterStub(reply)
        defer { stub.stop() }
        // Only silence is waited for in full, and only once the request has left.
        let error = await failure(post(stub.url, limit: kind == .timedOut ? .seconds(3) : .seconds(30)), try client())
        #expect(error?.kind == kind)
        #expect(error?.nothingLeft == false)
        #expect(stub.received.count == 1)
    }

    @Test(arguments: [
        "127.0.0.1", "localhost", "2130706433", "0x7f.1", "0x7f000001", "017700000001", "0177.0.0.1", "127.1", "0",
        "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::]", "[::1]",
    ])
    func forbiddenAddressIsRefusedBeforeAnyPacketHoweverItIsWritten(_ host: String) async throws {
        let stub = try RegisterStub(.answer(200, ""))
        defer { stub.stop() }
        let error = await failure(post("http://\(host):\(stub.port)/"), try client(allowing: ""))
        #expect(error?.kind == .addressRefused)
        #expect(error?.nothingLeft == true)
        #expect(stub.connections == 0)
    }

    @Test(arguments: [
        ("ftp://127.0.0.1/", RegisterHTTPError.Kind.unsupportedScheme),
        ("file:///etc/passwd", .unsupportedScheme),
        ("127.0.0.1:80", .invalidURL),
        ("http://user:hush@127.0.0.1/", .invalidURL),
        ("http:///nowhere", .invalidURL),
        ("http://127.0.0.1:99999/", .invalidURL),
        ("http://127.0.0.1/a b", .invalidURL),
    ])
    func addressThatCannotBeUsedMeansNothingLeft(_ url: String, _ kind: RegisterHTTPError.Kind) async throws {
        let error = await failure(post(url), try client())
        #expect(error?.kind == kind)
        #expect(error?.nothingLeft == true)
        #expect(error.map { "\($0)\($0.detail)\($0.target)" }?.contains("hush") == false)
    }

    @Test(arguments: [("X", "a\r\nY: b"), ("X: a\n", "b"), ("", "b"), ("X:Y", "b")])
    func headerThatWouldBecomeAnotherIsRefused(_ name: String, _ value: String) async throws {
        var request = post("http://127.0.0.1:1/")
        request.headers = [(name, value)]
        let error = await failure(request, try client())
        #expect(error?.kind == .invalidHeader)
        #expect(error?.nothingLeft == true)
    }

    @Test(arguments: RegisterHTTPError.Kind.allCases)
    func everyErrorNamesItsCauseAndTheNextAction(_ kind: RegisterHTTPError.Kind) {
        let error = RegisterHTTPError(kind: kind, nothingLeft: true, target: "host:1")
        #expect(error.cause.hasSuffix("."))
        #expect(error.nextAction.hasSuffix("."))
    }
}

/// A listening socket whose queue is full: a connection to it is neither accepted nor refused.
private final class FullListener {
    let port: Int
    private var descriptors: [Int32] = []

    init() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        descriptors.append(listener)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        var others: [Int32] = []
        let failed = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                guard bind(listener, pointer, length) == 0, listen(listener, 0) == 0,
                    getsockname(listener, pointer, &length) == 0
                else { return true }
                for _ in 0..<4 {
                    let other = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
                    _ = connect(other, pointer, length)
                    others.append(other)
                }
                return false
            }
        }
        descriptors += others
        port = Int(UInt16(bigEndian: address.sin_port))
        guard !failed else { throw POSIXError(.EADDRNOTAVAIL) }
    }

    deinit {
        for descriptor in descriptors {
            close(descriptor)
        }
    }
}
