/// What one connection to a service is held to, and how many there may be.
package struct ServerLimits: Sendable {
    /// Connections that are served.
    ///
    /// A few more are let in (``surplus``) to be told that there are too many, and to ask for the service's health;
    /// the next is closed at once.
    package var maxConnections: Int
    /// A connection without a request under way is closed after this time.
    package var idleTimeout: Duration
    /// The most time from the first byte of a request to the end of its headers.
    package var headerTimeout: Duration
    /// The most time from the end of the headers to the end of the body.
    package var bodyTimeout: Duration
    /// The most bytes of headers in one request.
    package var maxHeaderBytes: Int

    /// How many connections beyond the limit are answered with a refusal.
    static let surplus = 64
    /// How long what still comes is thrown away after an early answer, so that the answer is not lost to a reset.
    static let lingering: Duration = .seconds(2)

    package init(
        maxConnections: Int = 2_000,
        idleTimeout: Duration = .seconds(75),
        headerTimeout: Duration = .seconds(10),
        bodyTimeout: Duration = .seconds(20),
        maxHeaderBytes: Int = 32 * 1024
    ) {
        self.maxConnections = maxConnections
        self.idleTimeout = idleTimeout
        self.headerTimeout = headerTimeout
        self.bodyTimeout = bodyTimeout
        self.maxHeaderBytes = maxHeaderBytes
    }
}

/// How many calls a service works on at once.
package struct CallLimits: Sendable {
    /// Calls of all callers together.
    package var maxCalls: Int
    /// Calls of any one caller, so that none crowds out the others.
    package var maxCallsPerCaller: Int
    /// Calls of any one caller that wait for their turn; the next is refused.
    package var maxWaitingPerCaller: Int
    /// How long a call waits for its turn before it is refused.
    package var maxWait: Duration

    package init(
        maxCalls: Int = 1_024,
        maxCallsPerCaller: Int = 512,
        maxWaitingPerCaller: Int = 512,
        maxWait: Duration = .seconds(2)
    ) {
        self.maxCalls = maxCalls
        self.maxCallsPerCaller = maxCallsPerCaller
        self.maxWaitingPerCaller = maxWaitingPerCaller
        self.maxWait = maxWait
    }
}
