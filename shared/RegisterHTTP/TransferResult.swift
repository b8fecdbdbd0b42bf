import CRegisterHTTP
import Foundation

/// The two crossings between Swift values and the C shim: a request going in, a result coming out.
enum TransferResult {
    /// False when the request could not be started; then nothing of it left.
    static func start(
        _ request: RegisterRequest,
        as id: UInt64,
        streams: Bool,
        caPath: String?,
        on http: OpaquePointer
    ) -> Bool {
        let lines = request.headers.map { name, value in
            // curl drops a header without a value unless it ends in a semicolon.
            value.isEmpty ? "\(name);\n" : "\(name): \(value)\n"
        }
        let body = request.body ?? []
        return request.url.withCString { url in
            lines.joined().withCString { lines in
                body.withUnsafeBufferPointer { body in
                    withOptionalCString(caPath) { caPath in
                        var values = register_http_request()
                        values.id = id
                        values.is_post = request.method == .post ? 1 : 0
                        values.url = url
                        values.header_lines = lines
                        values.body = body.baseAddress
                        values.body_length = body.count
                        values.connect_limit_ms = milliseconds(request.connectTimeout)
                        values.total_limit_ms = milliseconds(request.totalTimeout)
                        values.max_response_bytes = max(0, request.maxResponseBytes)
                        values.verify_tls = request.verifyTLS ? 1 : 0
                        values.fresh_connection = request.freshConnection || request.method == .post ? 1 : 0
                        values.streams = streams ? 1 : 0
                        values.ca_path = caPath
                        return register_http_add(http, &values) == 0
                    }
                }
            }
        }
    }

    static func outcome(_ result: register_http_result, target: String) -> TransferLoop.Outcome {
        guard result.outcome != Int32(REGISTER_HTTP_ANSWERED.rawValue) else {
            return .success(
                RegisterResponse(
                    status: Int(result.status),
                    body: Array(UnsafeBufferPointer(start: result.body, count: result.body_length)),
                    duration: .microseconds(result.total_us),
                    remoteAddress: String(cString: result.remote_address)
                )
            )
        }
        return .failure(
            RegisterHTTPError(
                kind: kind(of: result.outcome),
                nothingLeft: result.request_size == 0,
                target: target,
                detail: String(cString: result.error_text)
            )
        )
    }

    private static func kind(of outcome: Int32) -> RegisterHTTPError.Kind {
        switch register_http_outcome(rawValue: UInt32(bitPattern: outcome)) {
        case REGISTER_HTTP_INVALID_URL: .invalidURL
        case REGISTER_HTTP_UNSUPPORTED_SCHEME: .unsupportedScheme
        case REGISTER_HTTP_ADDRESS_REFUSED: .addressRefused
        case REGISTER_HTTP_NAME_NOT_FOUND: .nameNotFound
        case REGISTER_HTTP_CONNECT_FAILED: .connectFailed
        case REGISTER_HTTP_CONNECT_TIMED_OUT: .connectTimedOut
        case REGISTER_HTTP_TLS_FAILED: .tlsFailed
        case REGISTER_HTTP_TIMED_OUT: .timedOut
        case REGISTER_HTTP_CLOSED: .closed
        case REGISTER_HTTP_RESPONSE_TOO_LARGE: .responseTooLarge
        case REGISTER_HTTP_NOT_HTTP: .notHTTP
        case REGISTER_HTTP_CANCELLED: .cancelled
        default: .failed
        }
    }

    /// At least one: libcurl takes 0 for no limit.
    private static func milliseconds(_ duration: Duration) -> Int {
        let (seconds, attoseconds) = duration.components
        guard seconds < 1_000_000 else { return 1_000_000_000 }
        return max(1, Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000))
    }

    private static func withOptionalCString<R>(_ text: String?, _ body: (UnsafePointer<CChar>?) -> R) -> R {
        guard let text else { return body(nil) }
        return text.withCString { body($0) }
    }
}
