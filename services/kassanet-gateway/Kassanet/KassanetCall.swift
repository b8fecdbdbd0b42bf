import Foundation

/// What a caller says about one call, beyond what it asks.
struct KassanetCall: Sendable {
    /// No send is started with less time left than one send may take (architecture page, Writes towards a register).
    var notAfter: Date?
    /// Headers passed through as they are, `traceparent` for one.
    ///
    /// The wire's own four cannot be replaced.
    var headers: [(String, String)]
    /// In place of the client's limit for one attempt: catalogue reads have one of their own.
    var totalTimeout: Duration?
    var maxResponseBytes: Int
    /// Called before each send, so that an attempt can be recorded under its request id first.
    var beforeAttempt: (@Sendable (KassanetAttempt) async -> Void)?

    init(
        notAfter: Date? = nil,
        headers: [(String, String)] = [],
        totalTimeout: Duration? = nil,
        maxResponseBytes: Int = 8 * 1024 * 1024,
        beforeAttempt: (@Sendable (KassanetAttempt) async -> Void)? = nil
    ) {
        self.notAfter = notAfter
        self.headers = headers
        self.totalTimeout = totalTimeout
        self.maxResponseBytes = maxResponseBytes
        self.beforeAttempt = beforeAttempt
    }
}

/// One send about to happen; each has a request id of its own (rule K8).
struct KassanetAttempt: Sendable, Equatable {
    let endpoint: KassanetEndpoint
    let requestId: String
    /// Counted from 1.
    let number: Int
}

/// What an attempt log keeps of a call: no secrets, and no guest data but what a register quotes.
struct Exchange: Sendable, Equatable {
    /// Of the last attempt; empty when none was made.
    var requestId = ""
    var attempts = 0
    /// From the call to its outcome, the waits between attempts included.
    var duration: Duration = .zero
    /// Of the last answer; nil when the last attempt had none.
    var status: Int?
    /// What the last attempt of a write was answered, where that could be read.
    ///
    /// A register may quote what it was sent, guest data included.
    var answer: WireValue?
}

/// An answer together with how it was had.
struct KassanetAnswer<Value: Sendable>: Sendable {
    let value: Value
    let exchange: Exchange
    /// What was skipped or rounded on reading, for the log: positions and field names, no content.
    let remarks: [String]
    /// How many entries of lists could not be read and were left out.
    var skipped = 0
}
