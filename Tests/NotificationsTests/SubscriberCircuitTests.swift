import Testing

@testable import Notifications

/// How much a subscriber is sent at a time.
struct SubscriberCircuitTests {
    private let now = ContinuousClock.now

    @Test("While it takes what comes, it gets as many at once as is set, and no more")
    func closed() {
        var circuit = SubscriberCircuit(concurrency: 4)
        #expect(circuit.room(at: now) == 4)
        circuit.began(3)
        #expect(circuit.room(at: now) == 1)
        circuit.began(1)
        #expect(circuit.room(at: now) == 0)
        #expect(circuit.ended(taken: true, at: now) == .none)
        #expect(circuit.room(at: now) == 1)
    }

    @Test("After three failures in a row it is tried one by one, with growing rests, until one is taken")
    func open() {
        var circuit = SubscriberCircuit(concurrency: 4)
        circuit.began(4)
        #expect(circuit.ended(taken: false, jitter: 1, at: now) == .none)
        #expect(circuit.ended(taken: false, jitter: 1, at: now) == .none)
        #expect(circuit.ended(taken: false, jitter: 1, at: now) == .opened)
        #expect(circuit.room(at: now) == 0)
        // One of before is still under way.
        #expect(circuit.room(at: now + .seconds(1)) == 0)
        #expect(circuit.ended(taken: false, jitter: 1, at: now) == .none)
        #expect(circuit.room(at: now + .seconds(1.9)) == 0)
        #expect(circuit.room(at: now + .seconds(2)) == 1)
        circuit.began(1)
        #expect(circuit.room(at: now + .seconds(2)) == 0)
        for _ in 0..<20 {
            _ = circuit.ended(taken: false, jitter: 1, at: now)
            circuit.began(1)
        }
        _ = circuit.ended(taken: false, jitter: 1, at: now)
        #expect(circuit.room(at: now + .seconds(29.9)) == 0)
        #expect(circuit.room(at: now + .seconds(30)) == 1)
        circuit.began(1)
        #expect(circuit.ended(taken: true, at: now) == .recovered)
        #expect(circuit.room(at: now) == 4)
    }

    @Test("A failure between successes changes nothing for the others")
    func poison() {
        var circuit = SubscriberCircuit(concurrency: 2)
        for _ in 0..<10 {
            circuit.began(2)
            #expect(circuit.ended(taken: false, at: now) == .none)
            #expect(circuit.ended(taken: true, at: now) == .none)
            #expect(circuit.room(at: now) == 2)
        }
    }

    @Test("An attempt that was broken off gives its place back and counts for nothing")
    func brokenOff() {
        var circuit = SubscriberCircuit(concurrency: 1)
        circuit.began(1)
        circuit.brokeOff()
        #expect(circuit.room(at: now) == 1)
        #expect(circuit.failures == 0)
    }
}
