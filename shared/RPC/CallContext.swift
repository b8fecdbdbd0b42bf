package import Logging

/// What travels with a call through every hop: who asks, by when, and the ids that tie its log lines together.
package struct CallContext: Sendable {
    /// One id per call from outside, kept through every hop (`x-request-id`).
    package var requestID: String
    /// The W3C trace the call belongs to (`traceparent`).
    package var trace: TraceParent
    /// When the caller stops waiting.
    ///
    /// Each hop passes on what is left.
    package var deadline: Deadline
    /// Who asks, as the token says.
    ///
    /// Work that nobody asked for runs as ``Caller/ourselves``.
    package var caller: Caller
    /// Carries the request id and the trace.
    package var logger: Logger

    package init(requestID: String, trace: TraceParent, deadline: Deadline, caller: Caller, logger: Logger) {
        self.requestID = requestID
        self.trace = trace
        self.deadline = deadline
        self.caller = caller
        self.logger = logger
        self.logger[metadataKey: "request_id"] = "\(requestID)"
        self.logger[metadataKey: "trace_id"] = "\(trace.traceID)"
    }

    /// The context of work that a service begins by itself, such as delivering an order in the background.
    package static func background(timeout: Duration, logger: Logger) -> CallContext {
        let trace = TraceParent.random()
        return CallContext(
            requestID: "bg-\(trace.spanID)",
            trace: trace,
            deadline: Deadline(after: timeout),
            caller: .ourselves,
            logger: logger
        )
    }

    /// The same call with less time: the earlier of the two deadlines holds.
    package func limited(to timeout: Duration) -> CallContext {
        var copy = self
        copy.deadline = min(deadline, Deadline(after: timeout))
        return copy
    }
}

/// A W3C `traceparent`: which trace a call belongs to, and which span of it made the call.
package struct TraceParent: Sendable, Hashable, CustomStringConvertible {
    /// 32 lower-case hex digits, not all zero.
    package let traceID: String
    /// 16 lower-case hex digits, not all zero.
    package let spanID: String
    package let isSampled: Bool

    package init(traceID: String, spanID: String, isSampled: Bool) {
        self.traceID = traceID
        self.spanID = spanID
        self.isSampled = isSampled
    }

    /// Reads a header; `nil` where it is malformed, and the caller then starts a trace of its own.
    package init?(_ header: String) {
        let parts = header.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 4, parts[0].isLowerHex(2), parts[0] != "ff",
            // Only a later version may say more than this one knows.
            parts.count == 4 || parts[0] != "00",
            parts[1].isLowerHex(32), parts[1].contains(where: { $0 != "0" }),
            parts[2].isLowerHex(16), parts[2].contains(where: { $0 != "0" }),
            parts[3].isLowerHex(2), let flags = UInt8(parts[3], radix: 16)
        else { return nil }
        self.init(traceID: String(parts[1]), spanID: String(parts[2]), isSampled: flags & 1 == 1)
    }

    package static func random() -> TraceParent {
        TraceParent(traceID: hex(64) + hex(64), spanID: hex(64), isSampled: true)
    }

    /// The same trace, one span further: what a hop sends to the next.
    package func child() -> TraceParent {
        TraceParent(traceID: traceID, spanID: Self.hex(64), isSampled: isSampled)
    }

    package var description: String {
        "00-\(traceID)-\(spanID)-\(isSampled ? "01" : "00")"
    }

    private static func hex(_ bits: Int) -> String {
        let digits = String(UInt64.random(in: 1 ... .max), radix: 16)
        return String(repeating: "0", count: bits / 4 - digits.count) + digits
    }
}

extension Substring {
    /// Whether this is so many lower-case hex digits, and nothing else.
    fileprivate func isLowerHex(_ digits: Int) -> Bool {
        utf8.count == digits && utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) }
    }
}
