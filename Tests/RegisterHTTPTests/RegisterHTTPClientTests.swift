import Foundation
import Logging
import RegisterHTTP
import Testing

@Suite("Requests to registers", .timeLimit(.minutes(5)))
struct RegisterHTTPClientTests {
    private let client: RegisterHTTPClient

    init() throws {
        client = RegisterHTTPClient(
            .init(addressPolicy: try AddressPolicy(allowedNetworks: "127.0.0.0/8"), maxInFlight: 64),
            logger: Logger(label: "test")
        )
    }

    private func failure(of request: RegisterRequest, through client: RegisterHTTPClient) async -> RegisterHTTPError? {
        do {
            _ = try await client.send(request)
            return nil
        } catch {
            return error
        }
    }

    @Test func requestArrivesAsWrittenAndTheAnswerComesBack() async throws {
        let stub = try RegisterStub(.answer(201, "done", headers: ["Content-Encoding": "gzip"]))
        defer { stub.stop() }
        let body = Array(repeating: UInt8(ascii: "b"), count: 200_000)
        let response = try await client.send(
            RegisterRequest(
                method: .post,
                url: "\(stub.url)/a/b?c=d",
                headers: [("Content-Type", "application/json"), ("X-Empty", ""), ("request-id", "7")],
                body: body
            )
        )
        #expect(response.status == 201)
        #expect(response.body == Array("done".utf8))
        #expect(response.remoteAddress == "127.0.0.1")
        #expect(response.duration > .zero)
        let received = try #require(stub.received.first)
        #expect(received.method == "POST")
        #expect(received.target == "/a/b?c=d")
        #expect(received.body == body)
        #expect(received.headers["content-type"] == "application/json")
        #expect(received.headers["request-id"] == "7")
        #expect(received.headers["x-empty"] == "")
        for absent in ["expect", "accept-encoding", "cookie", "authorization", "upgrade"] {
            #expect(received.headers[absent] == nil, "\(absent)")
        }
    }

    @Test func redirectIsAnAnswerAndIsNotFollowed() async throws {
        let other = try RegisterStub(.answer(200, ""))
        let stub = try RegisterStub(.answer(302, "", headers: ["Location": other.url]))
        defer {
            stub.stop()
            other.stop()
        }
        let response = try await client.send(RegisterRequest(method: .get, url: stub.url))
        #expect(response.status == 302)
        #expect(other.connections == 0)
    }

    @Test(arguments: [1000, 1001])
    func answerAboveTheLimitIsCutOff(_ length: Int) async throws {
        let text = String(repeating: "x", count: length)
        let stub = try RegisterStub(.answer(200, text), .raw("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n\(text)"))
        defer { stub.stop() }
        for _ in 1...2 {
            let request = RegisterRequest(method: .get, url: stub.url, maxResponseBytes: 1000)
            let error = await failure(of: request, through: client)
            #expect(error?.kind == (length > 1000 ? .responseTooLarge : nil))
            #expect(error?.nothingLeft != true)
        }
    }

    @Test func endlessHeadersAreCutOff() async throws {
        let header = "X: \(String(repeating: "y", count: 1000))\r\n"
        let stub = try RegisterStub(.raw("HTTP/1.1 200 OK\r\n" + String(repeating: header, count: 400)))
        defer { stub.stop() }
        #expect(
            await failure(of: RegisterRequest(method: .get, url: stub.url), through: client)?.kind == .responseTooLarge
        )
    }

    @Test func drippedAnswerEndsAtTheTotalLimit() async throws {
        let stub = try RegisterStub(.drip(length: 1000, every: 0.05))
        defer { stub.stop() }
        let clock = ContinuousClock()
        let started = clock.now
        let request = RegisterRequest(method: .get, url: stub.url, totalTimeout: .seconds(3))
        let error = await failure(of: request, through: client)
        #expect(error?.kind == .timedOut)
        #expect(error?.nothingLeft == false)
        // All of it would take fifty seconds.
        #expect(started.duration(to: clock.now) < .seconds(45))
    }

    @Test func writesNeverShareAConnectionAndReadsMay() async throws {
        let stub = try RegisterStub(.answer(200, ""))
        defer { stub.stop() }
        for method in [RegisterRequest.Method.get, .get, .post, .post, .get] {
            _ = try await client.send(RegisterRequest(method: method, url: stub.url, freshConnection: false))
        }
        let connections = stub.received.map(\.connection)
        #expect(connections == [1, 1, 2, 3, 1])
    }

    @Test func manyRequestsRunAtOnce() async throws {
        let stub = try RegisterStub(.answer(200, "ok"))
        defer { stub.stop() }
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<60 {
                group.addTask { try await client.send(RegisterRequest(method: .get, url: stub.url)).status }
            }
            for try await status in group {
                #expect(status == 200)
            }
        }
        #expect(client.inFlight == 0)
    }

    @Test func requestsAboveTheBoundAreRefusedClearly() async throws {
        let stub = try RegisterStub(.silence)
        defer { stub.stop() }
        let narrow = RegisterHTTPClient(
            .init(addressPolicy: try AddressPolicy(allowedNetworks: "127.0.0.1"), maxInFlight: 1),
            logger: Logger(label: "test")
        )
        let first = Task { await failure(of: RegisterRequest(method: .get, url: stub.url), through: narrow) }
        await stub.waitForRequests(1)
        let error = await failure(of: RegisterRequest(method: .get, url: stub.url), through: narrow)
        #expect(error?.kind == .tooManyInFlight)
        #expect(error?.nothingLeft == true)
        first.cancel()
        #expect(await first.value?.kind == .cancelled)
        #expect(narrow.inFlight == 0)
    }

    @Test func cancellingEndsARequestAndTellsWhetherItHadLeft() async throws {
        let stub = try RegisterStub(.silence)
        defer { stub.stop() }
        let sent = Task { await failure(of: RegisterRequest(method: .post, url: stub.url), through: client) }
        await stub.waitForRequests(1)
        sent.cancel()
        let error = await sent.value
        #expect(error?.kind == .cancelled)
        #expect(error?.nothingLeft == false)

        let unsent = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return await failure(of: RegisterRequest(method: .post, url: stub.url), through: client)
        }
        let early = await unsent.value
        #expect(early?.kind == .cancelled)
        #expect(early?.nothingLeft == true)
        #expect(stub.received.count == 1)
    }

    @Test func stoppedClientCancelsWhatIsInFlightAndTakesNothingNew() async throws {
        let stub = try RegisterStub(.silence)
        defer { stub.stop() }
        let running = Task { try await client.run() }
        let request = Task { await failure(of: RegisterRequest(method: .get, url: stub.url), through: client) }
        await stub.waitForRequests(1)
        running.cancel()
        try await running.value
        #expect(await request.value?.kind == .cancelled)
        let late = await failure(of: RegisterRequest(method: .get, url: stub.url), through: client)
        #expect(late?.kind == .stopped)
        #expect(late?.nothingLeft == true)
    }
}
