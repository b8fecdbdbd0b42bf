import CRegisterHTTP
import Foundation
import Synchronization

/// The thread that owns libcurl's multi handle, and the inbox through which requests reach it.
///
/// One thread serves every register: a slow one costs a socket, not a thread. The thread starts with the first request
/// and ends when ``stop(cancellingInFlight:)`` was called and the last request has its outcome. Each entry goes from
/// reserved over submitted to gone, and its continuation is resumed exactly once.
final class TransferLoop: Sendable {
    typealias Outcome = Result<RegisterResponse, RegisterHTTPError>

    private struct Entry {
        var cancelled = false
        var target = ""
        var continuation: CheckedContinuation<Outcome, Never>?
        /// Where the answer of a request that streams goes, its end included.
        var body: RegisterBody.Buffer?

        var isSubmitted: Bool { continuation != nil || body != nil }
    }

    private enum Command {
        case add(UInt64, RegisterRequest)
        case cancel(UInt64)
        case resume(UInt64)
    }

    /// Why sharing is sound: other threads only wake the handle, which libcurl allows, and only under the lock that
    /// hides the handle before it is destroyed.
    private struct Handle: @unchecked Sendable {
        let pointer: OpaquePointer
    }

    private struct State {
        var lastID: UInt64 = 0
        var entries: [UInt64: Entry] = [:]
        var inbox: [Command] = []
        var threadRuns = false
        var handle: Handle?
        var stopping = false
        var waitingForEnd: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())
    private let policy: AddressPolicy
    private let caPath: String?
    private let maxInFlight: Int

    init(policy: AddressPolicy, caPath: String?, maxInFlight: Int) {
        self.policy = policy
        self.caPath = caPath
        self.maxInFlight = maxInFlight
    }

    var inFlight: Int { state.withLock { $0.entries.count } }

    // MARK: - From any thread

    /// Takes a place among the requests in flight; ``perform(_:as:target:)`` or ``release(_:)`` gives it back.
    func reserve() -> Result<UInt64, RegisterHTTPError> {
        state.withLock { state in
            guard !state.stopping else {
                return .failure(RegisterHTTPError(kind: .stopped, nothingLeft: true, target: ""))
            }
            guard state.entries.count < maxInFlight else {
                return .failure(
                    RegisterHTTPError(
                        kind: .tooManyInFlight,
                        nothingLeft: true,
                        target: "",
                        detail: "the limit is \(maxInFlight)"
                    )
                )
            }
            state.lastID += 1
            state.entries[state.lastID] = Entry()
            return .success(state.lastID)
        }
    }

    func perform(_ request: RegisterRequest, as id: UInt64, target: String) async -> Outcome {
        await withCheckedContinuation { continuation in
            let cancelledBefore = state.withLock { state in
                guard state.entries[id]?.cancelled == false else {
                    state.entries[id] = nil
                    return true
                }
                state.entries[id] = Entry(target: target, continuation: continuation)
                state.inbox.append(.add(id, request))
                if state.threadRuns {
                    wake(&state)
                } else {
                    state.threadRuns = true
                    startThread()
                }
                return false
            }
            if cancelledBefore {
                continuation.resume(
                    returning: .failure(RegisterHTTPError(kind: .cancelled, nothingLeft: true, target: target))
                )
            }
        }
    }

    /// Starts a request whose answer goes to `body` as it comes, its end included.
    func stream(_ request: RegisterRequest, as id: UInt64, target: String, into body: RegisterBody.Buffer) {
        state.withLock { state in
            state.entries[id] = Entry(target: target, body: body)
            state.inbox.append(.add(id, request))
            if state.threadRuns {
                wake(&state)
            } else {
                state.threadRuns = true
                startThread()
            }
        }
    }

    /// Lets a streamed answer go on that waited for its reader.
    func resume(_ id: UInt64) {
        state.withLock { state in
            guard state.entries[id] != nil else { return }
            state.inbox.append(.resume(id))
            wake(&state)
        }
    }

    /// Ends a request as soon as the thread sees it; what had left by then is in its outcome.
    func cancel(_ id: UInt64) {
        state.withLock { state in
            guard let entry = state.entries[id], !entry.cancelled else { return }
            state.entries[id]?.cancelled = true
            if entry.isSubmitted {
                state.inbox.append(.cancel(id))
                wake(&state)
            }
        }
    }

    /// Refuses new requests, lets those in flight end (or cancels them), and returns when the thread is gone.
    func stop(cancellingInFlight: Bool) async {
        await withCheckedContinuation { continuation in
            let goneAlready = state.withLock { state in
                state.stopping = true
                guard state.threadRuns else { return true }
                if cancellingInFlight {
                    state.inbox += state.entries.keys.map { .cancel($0) }
                }
                state.waitingForEnd.append(continuation)
                wake(&state)
                return false
            }
            if goneAlready {
                continuation.resume()
            }
        }
    }

    /// Lets the thread end once it has nothing left to do, without waiting for it.
    func abandon() {
        state.withLock { state in
            state.stopping = true
            wake(&state)
        }
    }

    private func wake(_ state: inout sending State) {
        if let handle = state.handle {
            register_http_wake(handle.pointer)
        }
    }

    // MARK: - On the thread

    private func startThread() {
        let thread = Thread { self.run() }
        thread.name = "register-http"
        thread.start()
    }

    private func run() {
        register_http_block_sigpipe()
        let callbacks = Unmanaged.passRetained(CallbackBox(policy: policy, loop: self))
        defer { callbacks.release() }
        guard let pointer = register_http_create(checkAddress, takeBody, callbacks.toOpaque(), 64) else {
            failEverything()
            return
        }
        state.withLock { $0.handle = Handle(pointer: pointer) }
        while let commands = nextCommands() {
            for command in commands {
                carryOut(command, on: pointer)
            }
            register_http_poll(pointer, 30_000)
            while let result = register_http_next(pointer) {
                finish(result.pointee.id) { TransferResult.outcome(result.pointee, target: $0) }
            }
        }
        register_http_destroy(pointer)
        let waiting = state.withLock { state in
            state.threadRuns = false
            defer { state.waitingForEnd = [] }
            return state.waitingForEnd
        }
        waiting.forEach { $0.resume() }
    }

    /// The commands that arrived, or nil when the thread is to end; from then on nobody sees the handle.
    private func nextCommands() -> [Command]? {
        state.withLock { state in
            if state.stopping, state.inbox.isEmpty, !state.entries.values.contains(where: \.isSubmitted) {
                state.handle = nil
                return nil
            }
            defer { state.inbox = [] }
            return state.inbox
        }
    }

    private func carryOut(_ command: Command, on pointer: OpaquePointer) {
        switch command {
        case .cancel(let id):
            register_http_cancel(pointer, id)
        case .resume(let id):
            register_http_resume(pointer, id)
        case .add(let id, let request):
            let streams = state.withLock { $0.entries[id]?.body != nil }
            if !TransferResult.start(request, as: id, streams: streams, caPath: caPath, on: pointer) {
                finish(id) { target in
                    .failure(
                        RegisterHTTPError(
                            kind: .failed,
                            nothingLeft: true,
                            target: target,
                            detail: "the request could not be set up"
                        )
                    )
                }
            }
        }
    }

    private func finish(_ id: UInt64, with outcome: (_ target: String) -> Outcome) {
        let entry = state.withLock { $0.entries.removeValue(forKey: id) }
        if let entry {
            let outcome = outcome(entry.target)
            entry.continuation?.resume(returning: outcome)
            entry.body?.end(outcome)
        }
    }

    /// Whether a part of a streamed answer was taken; if not, it comes again after a resume.
    fileprivate func take(_ bytes: UnsafeBufferPointer<UInt8>, status: Int, of id: UInt64) -> Bool {
        // Nobody is left to read the answer of a request that is gone, which then ends by itself.
        guard let body = state.withLock({ $0.entries[id]?.body }) else { return true }
        return body.offer(bytes, status: status)
    }

    private func failEverything() {
        let (entries, waiting) = state.withLock { state in
            defer {
                state.entries = [:]
                state.inbox = []
                state.waitingForEnd = []
                state.threadRuns = false
            }
            return (state.entries, state.waitingForEnd)
        }
        for entry in entries.values {
            let outcome = Outcome.failure(
                RegisterHTTPError(
                    kind: .failed,
                    nothingLeft: true,
                    target: entry.target,
                    detail: "libcurl does not start"
                )
            )
            entry.continuation?.resume(returning: outcome)
            entry.body?.end(outcome)
        }
        waiting.forEach { $0.resume() }
    }
}

/// Holds what the C callbacks need behind the plain pointer that they receive, while the thread runs.
private final class CallbackBox: Sendable {
    let policy: AddressPolicy
    let loop: TransferLoop

    init(policy: AddressPolicy, loop: TransferLoop) {
        self.policy = policy
        self.loop = loop
    }
}

private func takeBody(
    context: UnsafeMutableRawPointer?,
    id: UInt64,
    status: Int32,
    bytes: UnsafePointer<UInt8>?,
    length: Int
) -> Int32 {
    guard let context else { return Int32(REGISTER_HTTP_TAKEN.rawValue) }
    let loop = Unmanaged<CallbackBox>.fromOpaque(context).takeUnretainedValue().loop
    let isTaken = loop.take(UnsafeBufferPointer(start: bytes, count: length), status: Int(status), of: id)
    return Int32((isTaken ? REGISTER_HTTP_TAKEN : REGISTER_HTTP_PAUSE).rawValue)
}

private func checkAddress(context: UnsafeMutableRawPointer?, bytes: UnsafePointer<UInt8>?, length: Int) -> Int32 {
    guard let context, let bytes else { return 0 }
    let policy = Unmanaged<CallbackBox>.fromOpaque(context).takeUnretainedValue().policy
    guard let address = IPAddress(bytes: Array(UnsafeBufferPointer(start: bytes, count: length))) else { return 0 }
    return policy.allows(address) ? 1 : 0
}
