package import Logging
import ServiceLifecycle

/// Sends HTTP requests to registers, each at most once.
///
/// Redirects are answers, not followed. Every address is judged by the ``AddressPolicy`` at the moment a socket is
/// opened. A POST travels on a connection of its own. Usable as soon as it is made; as a `Service` it ends with its
/// group: new requests are refused then, and those in flight end within their own time limits.
package final class RegisterHTTPClient: Sendable, Service {
    package struct Settings: Sendable {
        package var addressPolicy: AddressPolicy
        /// Requests beyond this are refused, so that a flood of them costs neither memory nor sockets.
        package var maxInFlight: Int
        /// A PEM file of accepted certificate authorities in place of the system's.
        package var caPath: String?

        package init(addressPolicy: AddressPolicy = AddressPolicy(), maxInFlight: Int = 256, caPath: String? = nil) {
            self.addressPolicy = addressPolicy
            self.maxInFlight = maxInFlight
            self.caPath = caPath
        }
    }

    private let loop: TransferLoop
    private let logger: Logger

    package init(_ settings: Settings = Settings(), logger: Logger) {
        self.loop = TransferLoop(
            policy: settings.addressPolicy,
            caPath: settings.caPath,
            maxInFlight: settings.maxInFlight
        )
        self.logger = logger
    }

    deinit {
        loop.abandon()
    }

    package var inFlight: Int { loop.inFlight }

    /// Runs until the group shuts down gracefully, or until it is cancelled, which also cancels what is in flight.
    package func run() async throws {
        let graceful: Void? = try? await gracefulShutdown()
        logger.debug("stopping requests to registers", metadata: ["in_flight": "\(loop.inFlight)"])
        await loop.stop(cancellingInFlight: graceful == nil)
    }

    /// Sends one request and returns the answer, whatever its status.
    ///
    /// Cancelling the task ends the request; the error then tells whether anything had left.
    package func send(_ request: RegisterRequest) async throws(RegisterHTTPError) -> RegisterResponse {
        let target = try Self.check(request)
        let id = try loop.reserve().get()
        return try await withTaskCancellationHandler {
            await loop.perform(request, as: id, target: target)
        } onCancel: {
            loop.cancel(id)
        }.get()
    }

    /// Sends one request and hands its answer over as it comes.
    ///
    /// Returns at once: whatever goes wrong shows when the body is read. At most ``RegisterBody/highWater`` bytes wait
    /// to be read; until then the register is made to wait. A body that nobody reads any more ends its request.
    package func stream(_ request: RegisterRequest) throws(RegisterHTTPError) -> RegisterBody {
        let target = try Self.check(request)
        let id = try loop.reserve().get()
        let body = RegisterBody(id: id, loop: loop)
        loop.stream(request, as: id, target: target, into: body.buffer)
        return body
    }

    /// Refuses what must not reach curl, and returns host and port for error texts.
    private static func check(_ request: RegisterRequest) throws(RegisterHTTPError) -> String {
        func refusal(_ kind: RegisterHTTPError.Kind, _ target: String = "") -> RegisterHTTPError {
            RegisterHTTPError(kind: kind, nothingLeft: true, target: target)
        }
        guard let separator = request.url.firstRange(of: "://") else { throw refusal(.invalidURL) }
        let scheme = request.url[..<separator.lowerBound].lowercased()
        guard scheme == "http" || scheme == "https" else { throw refusal(.unsupportedScheme) }
        guard request.url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { throw refusal(.invalidURL) }
        let authority = request.url[separator.upperBound...].prefix { !"/?#".contains($0) }
        guard !authority.isEmpty, !authority.contains("@") else { throw refusal(.invalidURL) }
        for (name, value) in request.headers {
            let clean = (name + value).utf8.allSatisfy { $0 >= 0x20 || $0 == 0x09 }
            guard clean, !name.isEmpty, !name.contains(":") else { throw refusal(.invalidHeader, String(authority)) }
        }
        return String(authority)
    }
}
