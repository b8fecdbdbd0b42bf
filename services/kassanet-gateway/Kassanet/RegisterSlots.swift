import Synchronization

/// How many calls to registers may be under way at once.
///
/// Reads and writes are bounded apart, so that a flood of reads never keeps an order from its register. Each register has a
/// bound of its own, so that one that swallows everything holds few of them. Nobody queues: a call without a place is
/// refused at once, with nothing sent.
final class RegisterSlots: Sendable {
    struct Limits: Sendable {
        var reads = 256
        var writes = 256
        /// Of each kind, on one register.
        var perRegister = 8
    }

    /// Why there is no place.
    enum Busy: Error, Sendable, Equatable {
        /// As many calls of that kind are under way as this gateway makes.
        case gateway(limit: Int)
        /// As many are under way to this very register.
        case register(limit: Int)
    }

    /// A place, until it is let go.
    final class Slot: Sendable {
        private let slots: RegisterSlots
        private let key: Key

        fileprivate init(_ slots: RegisterSlots, _ key: Key) {
            self.slots = slots
            self.key = key
        }

        deinit { slots.giveBack(key) }
    }

    fileprivate struct Key: Hashable {
        let register: String
        let isWrite: Bool
    }

    private struct State {
        var reads = 0
        var writes = 0
        var perRegister: [Key: Int] = [:]
    }

    private let limits: Limits
    private let state = Mutex(State())

    init(_ limits: Limits = Limits()) {
        self.limits = limits
    }

    /// A place for a call to the register at a base address.
    func take(_ register: String, isWrite: Bool) throws(Busy) -> Slot {
        let key = Key(register: register, isWrite: isWrite)
        let busy = state.withLock { state -> Busy? in
            let (taken, limit) = isWrite ? (state.writes, limits.writes) : (state.reads, limits.reads)
            guard taken < limit else { return .gateway(limit: limit) }
            let there = state.perRegister[key, default: 0]
            guard there < limits.perRegister else { return .register(limit: limits.perRegister) }
            if isWrite { state.writes += 1 } else { state.reads += 1 }
            state.perRegister[key] = there + 1
            return nil
        }
        if let busy { throw busy }
        return Slot(self, key)
    }

    private func giveBack(_ key: Key) {
        state.withLock { state in
            if key.isWrite { state.writes -= 1 } else { state.reads -= 1 }
            let left = state.perRegister[key, default: 1] - 1
            state.perRegister[key] = left > 0 ? left : nil
        }
    }
}
