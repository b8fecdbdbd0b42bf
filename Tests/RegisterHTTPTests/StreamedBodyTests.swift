import Foundation
import Logging
import RegisterHTTP
import Testing

@Suite("Answers that are read while they arrive", .timeLimit(.minutes(5)))
struct StreamedBodyTests {
    private static func client() throws -> RegisterHTTPClient {
        let policy = try AddressPolicy(allowedNetworks: "127.0.0.0/8")
        return RegisterHTTPClient(.init(addressPolicy: policy), logger: Logger(label: "test"))
    }

    private static func request(_ stub: RegisterStub, most: Int = 1 << 30) -> RegisterRequest {
        // 64 MB take longer than a register's 15 s where other suites have the processors.
        RegisterRequest(
            method: .get,
            url: stub.url,
            totalTimeout: .seconds(240),
            maxResponseBytes: most,
            freshConnection: true
        )
    }

    @Test func everyByteComesOnceAndInOrder() async throws {
        let text = (0..<200_000).map { "\($0) " }.joined()
        let stub = try RegisterStub(.answer(200, text))
        defer { stub.stop() }
        let body = try Self.client().stream(Self.request(stub))
        var bytes: [UInt8] = []
        while let part = try await body.next(within: .seconds(60)) {
            #expect(part.count <= RegisterBody.highWater + 64 * 1024)
            bytes += part
        }
        #expect(body.status == 200)
        #expect(bytes == Array(text.utf8))
        #expect(try await body.next(within: .seconds(1)) == nil)
    }

    @Test func readerThatWaitsMakesTheRegisterWait() async throws {
        // More than sockets and buffers hold, so that the stub cannot have sent it all before it is read.
        let length = 64 * 1024 * 1024
        let stub = try RegisterStub(.answer(200, String(repeating: "a", count: length)))
        defer { stub.stop() }
        let client = try Self.client()
        let body = try client.stream(Self.request(stub))
        var count = try #require(try await body.next(within: .seconds(60))).count
        #expect(client.inFlight == 1)
        while let part = try await body.next(within: .seconds(60)) { count += part.count }
        #expect(count == length)
        #expect(client.inFlight == 0)
    }

    @Test func errorsComeAfterTheBytesBeforeThem() async throws {
        let stub = try RegisterStub(.raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"))
        defer { stub.stop() }
        let body = try Self.client().stream(Self.request(stub))
        #expect(try await body.next(within: .seconds(60)) == Array("half".utf8))
        let error = await #expect(throws: RegisterHTTPError.self) { try await body.next(within: .seconds(60)) }
        #expect(error?.kind == .closed)
    }

    @Test func silenceEndsAtTheLimit() async throws {
        let stub = try RegisterStub(.silence)
        defer { stub.stop() }
        let client = try Self.client()
        let body = try client.stream(Self.request(stub))
        let error = await #expect(throws: RegisterHTTPError.self) { try await body.next(within: .milliseconds(100)) }
        #expect(error?.kind == .timedOut)
        #expect(client.inFlight == 0)
    }

    @Test func answerAboveTheBoundIsCutOff() async throws {
        let stub = try RegisterStub(.raw("HTTP/1.1 200 OK\r\n\r\n" + String(repeating: "a", count: 100_000)))
        defer { stub.stop() }
        let body = try Self.client().stream(Self.request(stub, most: 50_000))
        let error = await #expect(throws: RegisterHTTPError.self) {
            while try await body.next(within: .seconds(60)) != nil {}
        }
        #expect(error?.kind == .responseTooLarge)
    }

    @Test func bodyThatNobodyReadsEndsItsRequest() async throws {
        let stub = try RegisterStub(.silence)
        defer { stub.stop() }
        let client = try Self.client()
        do {
            let body = try client.stream(Self.request(stub))
            await stub.waitForRequests(1)
            #expect(body.status == nil)
        }
        let deadline = ContinuousClock.now + .seconds(60)
        while client.inFlight > 0, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(2)) }
        #expect(client.inFlight == 0)
    }
}
