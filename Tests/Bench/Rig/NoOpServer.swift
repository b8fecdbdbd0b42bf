import ArgumentParser
import Hummingbird

/// The least a Hummingbird server can do: what our services are compared with.
struct NoOpServer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "no-op",
        abstract: "Answer every POST with an empty object, after reading its body.",
        shouldDisplay: false
    )

    @Option var port: Int

    func run() async throws {
        let router = Router()
        router.get("/healthz") { _, _ in HTTPResponse.Status.ok }
        router.post("/no-op") { request, _ in
            _ = try await request.body.collect(upTo: 1024 * 1024)
            return Response(
                status: .ok,
                headers: [.contentType: "application/json"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: "{}"))
            )
        }
        let app = Application(router: router, configuration: .init(address: .hostname("127.0.0.1", port: port)))
        try await app.runService()
    }
}
