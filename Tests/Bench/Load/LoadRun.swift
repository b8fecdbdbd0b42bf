import Foundation
import Histogram
import TestBed

/// One run of a ``LoadGenerator``: a loop around `pselect`, which waits to the microsecond where `poll` does not.
struct LoadRun {
    private var clients: [HTTPConnection]
    private let pace: LoadGenerator.Pace
    private let most: Int
    private let request: (Int) -> [UInt8]
    private var sent = 0
    private var result = LoadResult()

    init(port: Int, connections: Int, pace: LoadGenerator.Pace, most: Int, request: @escaping (Int) -> [UInt8]) throws {
        clients = try (0..<connections).map { _ in try HTTPConnection(port: port) }
        self.pace = pace
        self.most = most
        self.request = request
    }

    mutating func go(warmUp: Duration, time: Duration) throws -> LoadResult {
        defer { for client in clients { client.close() } }
        let start = Self.now
        let counted = start + warmUp.inNanoseconds
        let end = counted + time.inNanoseconds
        // Answers that come later than this were as good as lost.
        let lastAnswer = end + 5_000_000_000
        while true {
            let now = Self.now
            let isSending = now < end && sent < most
            if isSending { try sendWhatIsDue(at: now, since: start) }
            let inFlight = clients.count { $0.dueAt != nil }
            if !isSending, inFlight == 0 || now > lastAnswer {
                result.failed += inFlight
                break
            }
            let isReady = try wait(until: min(nextDue(since: start), isSending ? end : lastAnswer))
            for index in clients.indices where isReady[index] {
                guard let answer = try clients[index].read() else { continue }
                note(answer, counted: counted, end: end)
            }
        }
        result.seconds = time.inSeconds
        return result
    }

    private mutating func sendWhatIsDue(at now: UInt64, since start: UInt64) throws {
        for index in clients.indices where clients[index].dueAt == nil && sent < most {
            let due: UInt64
            switch pace {
            case .closed: due = now
            case .open:
                due = nextDue(since: start)
                guard due <= now else { return }
            }
            try clients[index].send(request(sent), dueAt: due)
            sent += 1
        }
    }

    private func nextDue(since start: UInt64) -> UInt64 {
        guard case .open(let rate) = pace else { return .max }
        return start + UInt64(Double(sent) / rate * 1_000_000_000)
    }

    private mutating func note(_ answer: HTTPConnection.Answer, counted: UInt64, end: UInt64) {
        let now = Self.now
        guard answer.dueAt >= counted, now <= end || isOpen else { return }
        guard answer.status == 200 else {
            result.failed += 1
            result.firstFailure = result.firstFailure ?? "HTTP \(answer.status): \(answer.body)"
            return
        }
        result.completed += 1
        _ = result.latency.record(max(1, (now - answer.dueAt) / 1000))
    }

    private var isOpen: Bool {
        if case .open = pace { true } else { false }
    }

    /// Waits until something has come on a connection, and says on which.
    private func wait(until: UInt64) throws -> [Bool] {
        let now = Self.now
        let pause = until > now ? until - now : 0
        var time = timespec(tv_sec: Int(pause / 1_000_000_000), tv_nsec: Int(pause % 1_000_000_000))
        var descriptors = fd_set()
        withUnsafeMutableBytes(of: &descriptors) { bits in
            for client in clients { bits[Int(client.descriptor) / 8] |= 1 << (client.descriptor % 8) }
        }
        let highest = clients.map(\.descriptor).max() ?? 0
        let count = pselect(highest + 1, &descriptors, nil, nil, &time, nil)
        guard count >= 0 || errno == EINTR else {
            throw TestBedError("The load cannot wait for answers: \(String(cString: strerror(errno))).")
        }
        guard count > 0 else { return clients.map { _ in false } }
        return withUnsafeBytes(of: &descriptors) { bits in
            clients.map { bits[Int($0.descriptor) / 8] & 1 << ($0.descriptor % 8) != 0 }
        }
    }

    private static var now: UInt64 { DispatchTime.now().uptimeNanoseconds }
}

extension Duration {
    var inSeconds: Double { self / .seconds(1) }
    var inNanoseconds: UInt64 { UInt64(self / .nanoseconds(1)) }
}
