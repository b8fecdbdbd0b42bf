import Foundation
import Logging
import RegisterHTTP
import Testing

/// Base addresses come from merchants; none of them may lead into the deployment's own network (fault F29).
@Suite("Addresses that lead inside (F29)", .timeLimit(.minutes(5)))
struct HostileAddressTests {
    private static func outcome(
        _ url: String,
        allowing networks: String = ""
    ) async throws -> Result<RegisterResponse, RegisterHTTPError> {
        let policy = try AddressPolicy(allowedNetworks: networks)
        let client = RegisterHTTPClient(.init(addressPolicy: policy), logger: Logger(label: "test"))
        do throws(RegisterHTTPError) {
            return .success(
                try await client.send(
                    RegisterRequest(
                        method: .post,
                        url: url,
                        body: [1],
                        connectTimeout: .seconds(5),
                        totalTimeout: .seconds(5)
                    )
                )
            )
        } catch {
            return .failure(error)
        }
    }

    @Test(
        "However loopback is written, no packet reaches what listens there (F29)",
        arguments: [
            "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "017700000001", "127.0.1",
            "0", "0.0.0.0", "[::]", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "localhost",
            "LOCALHOST.", "user:password@127.0.0.1", "example.com@127.0.0.1", "[64:ff9b::127.0.0.1]",
            "[2002:7f00:1::1]", "[fe80::1%25lo]", "[fe80::1%lo]",
        ]
    )
    func loopbackIsNotReached(_ host: String) async throws {
        let stub = try RegisterStub(.answer(200, ""))
        defer { stub.stop() }
        guard case .failure(let error) = try await Self.outcome("http://\(host):\(stub.port)/") else {
            Issue.record("\(host) was reached")
            return
        }
        #expect(error.nothingLeft)
        #expect([.addressRefused, .invalidURL, .nameNotFound].contains(error.kind), "\(error.kind)")
        #expect(stub.connections == 0)
    }

    @Test(
        "Private, local and translated addresses are refused before a socket is opened (F29)",
        arguments: [
            "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "[fd00::1]", "[fc00::1]",
            "[fec0::1]", "[ff02::1]", "[64:ff9b::10.0.0.1]", "[64:ff9b:1::1]", "[2002:a00:1::1]", "[2001:0:1::1]",
            "[::ffff:10.0.0.1]", "[::ffff:169.254.169.254]",
        ]
    )
    func privateAddressesAreRefused(_ host: String) async throws {
        guard case .failure(let error) = try await Self.outcome("http://\(host)/latest/meta-data") else {
            Issue.record("\(host) was reached")
            return
        }
        #expect(error.kind == .addressRefused)
        #expect(error.nothingLeft)
    }

    @Test("A redirect into the deployment's network is an answer, and is not followed (F29)")
    func redirectIsNotFollowed() async throws {
        let inside = try RegisterStub(.answer(200, ""))
        let stub = try RegisterStub(
            .answer(302, "", headers: ["Location": "http://169.254.169.254/latest/meta-data"]),
            .answer(307, "", headers: ["Location": inside.url])
        )
        defer {
            stub.stop()
            inside.stop()
        }
        for status in [302, 307] {
            let answer = try await Self.outcome(stub.url, allowing: "127.0.0.0/8").get()
            #expect(answer.status == status)
        }
        #expect(inside.connections == 0)
    }

    @Test("A name is judged by the very address being connected to, each time anew (F29, rebinding)")
    func namesAreJudgedByTheirAddress() async throws {
        let stub = try RegisterStub(.answer(200, ""))
        defer { stub.stop() }
        let url = "http://localhost:\(stub.port)/"
        // The text of the address is the same; only what it leads to at that moment counts.
        #expect(try RegisterAddress(validating: url).host == "localhost")
        guard case .failure(let refused) = try await Self.outcome(url) else {
            Issue.record("a name that leads to loopback was reached")
            return
        }
        #expect(refused.kind == .addressRefused)
        #expect(stub.connections == 0)
        let reached = try await Self.outcome(url, allowing: "127.0.0.1/32").get()
        #expect(reached.remoteAddress == "127.0.0.1")
    }
}
