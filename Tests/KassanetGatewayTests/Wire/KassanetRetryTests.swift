import Foundation
import Synchronization
import Testing

@testable import KassanetGateway

@Suite("When a call is sent again (K8)", .timeLimit(.minutes(5)))
struct KassanetRetryTests {
    private let success = RegisterStub.Reply.answer(200, #"{"IsSuccessStatusCode":true}"#)

    @Test("Ten seconds to connect, fifteen in all, then 0.2, 0.4 and 0.8 s between (K8)")
    func timesAreTheRules() {
        let limits = KassanetClient.Limits()
        #expect(limits.connect == .seconds(10))
        #expect(limits.total == .seconds(15))
        #expect(KassanetClient.retryDelays == [.milliseconds(200), .milliseconds(400), .milliseconds(800)])
    }

    @Test(arguments: [408, 500, 501, 502, 503, 504])
    func readIsSentThreeTimesMoreAfterAServerError(_ status: Int) async throws {
        let stub = try RegisterStub(.answer(status, ""))
        defer { stub.stop() }
        let harness = try KassanetHarness(stub.url)
        let error = await harness.failure(writing: false)
        #expect(error?.cause == .noAnswer(status: status))
        #expect(error?.exchange.attempts == 4)
        #expect(error?.exchange.status == status)
        #expect(stub.received.count == 4)
        #expect(harness.waits.taken == [.milliseconds(200), .milliseconds(400), .milliseconds(800)])
    }

    @Test(arguments: [408, 500, 502, 503, 504])
    func writeIsNeverSentAgainAfterAServerError(_ status: Int) async throws {
        let stub = try RegisterStub(.answer(status, ""), success)
        defer { stub.stop() }
        let harness = try KassanetHarness(stub.url)
        let error = await harness.failure(writing: true)
        #expect(error?.cause == .noAnswer(status: status))
        #expect(error?.writeEffect == .ambiguous)
        #expect(error?.neverSent == false)
        #expect(stub.received.count == 1)
        #expect(harness.waits.taken.isEmpty)
    }

    @Test(arguments: [
        RegisterStub.Reply.hangUp, .silence, .answer(200, "garbage"), .answer(200, ""), .answer(400, "garbage"),
        .raw("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"),
    ])
    func lostAnswerIsAskedForAgainByAReadAndAmbiguousForAWrite(_ reply: RegisterStub.Reply) async throws {
        let reading = try RegisterStub(reply, success)
        let writing = try RegisterStub(reply, success)
        defer {
            reading.stop()
            writing.stop()
        }
        // What is silent is waited for in full; all else is answered, however slow the machine.
        let limit: Duration = if case .silence = reply { .seconds(3) } else { .seconds(30) }
        let limits = KassanetClient.Limits(connect: limit, total: limit)
        #expect(try await KassanetHarness(reading.url, limits: limits).failure(writing: false) == nil)
        #expect(reading.received.count == 2)
        let error = try await KassanetHarness(writing.url, limits: limits).failure(writing: true)
        #expect(error?.writeEffect == .ambiguous)
        #expect(writing.received.count == 1)
    }

    @Test(arguments: ["http://127.0.0.1:1", "http://no-such-register.invalid"])
    func callThatNeverLeftIsSentAgain(_ url: String) async throws {
        for writing in [true, false] {
            let harness = try KassanetHarness(url)
            let error = await harness.failure(writing: writing)
            #expect(error?.exchange.attempts == 4)
            #expect(error?.neverSent == true)
            #expect(error?.writeEffect == .didNotHappen)
            #expect(error?.disconnects == true)
            #expect(harness.waits.taken == KassanetClient.retryDelays)
        }
    }

    @Test func forbiddenAddressIsNotTriedAgain() async throws {
        let harness = try KassanetHarness("http://10.0.0.1")
        let error = await harness.failure(writing: true)
        #expect(error?.exchange.attempts == 1)
        #expect(error?.writeEffect == .didNotHappen)
    }

    @Test func everyAttemptHasARequestIdOfItsOwn() async throws {
        let stub = try RegisterStub(.answer(503, ""), .answer(503, ""), success)
        defer { stub.stop() }
        let harness = try KassanetHarness(stub.url)
        let announced = Mutex<[KassanetAttempt]>([])
        let call = KassanetCall(headers: [("traceparent", "00-1-2-01"), ("Signature", "forged")]) { attempt in
            announced.withLock { $0.append(attempt) }
        }
        let answer = try await harness.client.testRegister(harness.connection, call: call)
        let ids = stub.received.compactMap { $0.headers["request-id"] }
        #expect(Set(ids).count == 3)
        #expect(announced.withLock { $0.map(\.requestId) } == ids)
        #expect(announced.withLock { $0.map(\.number) } == [1, 2, 3])
        #expect(answer.exchange.requestId == ids.last)
        #expect(answer.exchange.attempts == 3)
        #expect(answer.exchange.status == 200)
        #expect(stub.received.allSatisfy { $0.headers["traceparent"] == "00-1-2-01" })
        #expect(stub.received.allSatisfy { $0.headers["signature"] == "ATmQD/wFCMghrbqX99TlIdTRNe36X8TnjMxujB8QDt0=" })
    }

    @Test(arguments: [(29.9, false), (30.0, true), (60, true)])
    func writeStartsOnlyWithTheTimeOneSendMayTake(_ seconds: Double, _ sent: Bool) async throws {
        let stub = try RegisterStub(success)
        defer { stub.stop() }
        let now = Date(timeIntervalSince1970: 1000)
        let harness = try KassanetHarness(stub.url) { now }
        let call = KassanetCall(notAfter: now.addingTimeInterval(seconds))
        let error = await harness.failure(writing: true, call: call)
        #expect(error?.cause == (sent ? nil : .expired))
        #expect(error?.neverSent != false)
        #expect(stub.received.count == (sent ? 1 : 0))
    }

    @Test func timeSpentRecordingTheAttemptCounts() async throws {
        let stub = try RegisterStub(success)
        defer { stub.stop() }
        let clock = Mutex(Date(timeIntervalSince1970: 1000))
        let harness = try KassanetHarness(stub.url) { clock.withLock { $0 } }
        let call = KassanetCall(notAfter: Date(timeIntervalSince1970: 1031)) { _ in
            clock.withLock { $0 += 2 }
        }
        #expect(await harness.failure(writing: true, call: call)?.cause == .expired)
        #expect(stub.received.isEmpty)
    }

    @Test func sequentialWritesNeverShareAConnection() async throws {
        let stub = try RegisterStub(success)
        defer { stub.stop() }
        let harness = try KassanetHarness(stub.url)
        #expect(await harness.failure(writing: true) == nil)
        #expect(await harness.failure(writing: true) == nil)
        #expect(Set(stub.received.map(\.connection)).count == 2)
    }
}
