import Secrets
import Testing

@testable import KassanetGateway

@Suite("Refusal or no answer", .timeLimit(.minutes(5)))
struct KassanetVerdictTests {
    private func failure(_ status: Int, _ body: String, writing: Bool) async throws -> KassanetError? {
        let stub = try RegisterStub(.answer(status, body))
        defer { stub.stop() }
        return try await KassanetHarness(stub.url).failure(writing: writing)
    }

    @Test(arguments: [401, 403, 404], [#"{"IsSuccessStatusCode":true}"#, #"{"ErrorMessage":"No key"}"#, "<html>", ""])
    func wrongConnectionShowsInTheStatusWhateverTheBody(_ status: Int, _ body: String) async throws {
        for writing in [true, false] {
            let error = try await failure(status, body, writing: writing)
            guard case .misconfigured(status, let message) = error?.cause else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(message == (body.contains("No key") ? "No key" : "it gives no reason."))
            #expect(error?.writeEffect == .didNotHappen)
            #expect(error?.exchange.attempts == 1)
        }
    }

    @Test(
        arguments: [200, 201, 400, 409, 422],
        [
            #"{"IsSuccessStatusCode":false,"ErrorMessage":"Article 7\nis unknown"}"#,
            #"{" IsSuccessStatusCode ":"False","ErrorMessage":" Article 7 is unknown "}"#,
        ]
    )
    func falseFlagIsARefusalInTheRegistersOwnWords(_ status: Int, _ body: String) async throws {
        for writing in [true, false] {
            let error = try await failure(status, body, writing: writing)
            #expect(error?.cause == .refused(message: "Article 7 is unknown"))
            #expect(error?.writeEffect == .refused)
            #expect(error?.exchange.attempts == 1)
        }
    }

    @Test func falseFlagUnderAServerErrorIsNoAnswer() async throws {
        let error = try await failure(500, #"{"IsSuccessStatusCode":false}"#, writing: true)
        #expect(error?.writeEffect == .ambiguous)
    }

    @Test(arguments: [#"{}"#, #"{"IsSuccessStatusCode":"true"}"#, #"{" IsSuccessStatusCode":true}"#, "[]"])
    func absentOrTrueFlagIsSuccessInA2xx(_ body: String) async throws {
        #expect(try await failure(200, body, writing: true) == nil)
    }

    @Test(arguments: [
        (400, "{}"), (400, #"{"IsSuccessStatusCode":true}"#), (200, #"{"IsSuccessStatusCode":"perhaps"}"#), (302, ""),
        (204, ""),
    ])
    func answerWithoutAVerdictLeavesAWriteAmbiguous(_ status: Int, _ body: String) async throws {
        #expect(try await failure(status, body, writing: true)?.writeEffect == .ambiguous)
    }

    @Test func redirectOfAReadIsAWrongAddress() async throws {
        guard case .misconfigured(302, _) = try await failure(302, "", writing: false)?.cause else {
            Issue.record("not misconfigured")
            return
        }
    }

    @Test(arguments: ["abc", String(repeating: "t", count: 57)])
    func tokenOfAnImpossibleLengthIsFoundBeforeSending(_ token: String) async throws {
        var harness = try KassanetHarness("http://127.0.0.1:1", encryption: true)
        harness.connection.encryptionToken = Secret(token)
        let error = await harness.failure(writing: true)
        #expect(error?.neverSent == true)
        #expect(error?.exchange.attempts == 0)
        #expect(error?.description.contains(token) == false)
    }

    @Test func errorsShowNoSecretsAndNameTheNextAction() async throws {
        let harness = try KassanetHarness("http://127.0.0.1:1", encryption: true)
        let error = try #require(await harness.failure(writing: true))
        for text in [error.description, "\(error.exchange)", "\(error.cause)", String(reflecting: harness.connection)] {
            #expect(!text.contains("demo-token-12") && !text.contains("demo-signature-key"))
        }
        #expect(error.description.contains("Nothing answers"))
        #expect(error.description.contains("Check that the register is switched on"))
    }
}
