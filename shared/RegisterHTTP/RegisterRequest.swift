/// One request to a register: sent once, never repeated by anything below this line.
package struct RegisterRequest: Sendable {
    package enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
    }

    package var method: Method
    package var url: String
    package var headers: [(String, String)]
    /// Sent with POST only.
    package var body: [UInt8]?
    /// Name lookup, TCP and TLS together.
    package var connectTimeout: Duration
    /// Everything, from the name lookup to the last byte of the answer.
    package var totalTimeout: Duration
    package var maxResponseBytes: Int
    package var verifyTLS: Bool
    /// On a connection of its own, closed afterwards.
    ///
    /// A POST always has one: a reused connection can turn out dead, and then curl sends the request a second time.
    package var freshConnection: Bool

    package init(
        method: Method,
        url: String,
        headers: [(String, String)] = [],
        body: [UInt8]? = nil,
        connectTimeout: Duration = .seconds(10),
        totalTimeout: Duration = .seconds(15),
        maxResponseBytes: Int = 8 * 1024 * 1024,
        verifyTLS: Bool = true,
        freshConnection: Bool = false
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.connectTimeout = connectTimeout
        self.totalTimeout = totalTimeout
        self.maxResponseBytes = maxResponseBytes
        self.verifyTLS = verifyTLS
        self.freshConnection = freshConnection
    }
}

/// What came back, whatever its status: a redirect and a 500 are answers too.
package struct RegisterResponse: Sendable, Equatable {
    package let status: Int
    package let body: [UInt8]
    package let duration: Duration
    /// The address that answered, as text.
    package let remoteAddress: String

    package init(status: Int, body: [UInt8], duration: Duration, remoteAddress: String) {
        self.status = status
        self.body = body
        self.duration = duration
        self.remoteAddress = remoteAddress
    }
}
