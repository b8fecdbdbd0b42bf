/// The faults still to come, in the order they were given.
struct FaultScript: Sendable {
    private(set) var faults: [RegisterFault] = []

    mutating func add(_ fault: RegisterFault) { faults.append(fault) }

    mutating func clear() { faults = [] }

    /// The fault that this call meets, which is thereby used up by one.
    mutating func next(for endpoint: String) -> RegisterFault? {
        guard let index = faults.firstIndex(where: { [endpoint, "*"].contains($0.endpoint) }) else {
            return nil
        }
        guard faults[index].skip == 0 else {
            faults[index].skip -= 1
            return nil
        }
        let fault = faults[index]
        switch fault.times {
        case 0: break
        case 1: faults.remove(at: index)
        default: faults[index].times -= 1
        }
        return fault
    }
}
