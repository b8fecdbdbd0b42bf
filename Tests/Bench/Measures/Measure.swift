/// A goal that can be measured on a rig.
enum Measure: String, CaseIterable, Sendable {
    case intake
    case allocation
    case latency
    case throughput
    case codec
    case cost
    case coldStart = "cold-start"
    case catalog
    case check

    /// Which goals of reliability.md it answers.
    var goals: String {
        switch self {
        case .intake: "G1, G2, G3"
        case .allocation: "G4, G5"
        case .latency: "G6"
        case .throughput: "G7"
        case .codec: "G12"
        case .cost: "G13"
        case .coldStart: "G19"
        case .catalog: "G10, G11"
        case .check: "P3, CheckOrder"
        }
    }

    func run(on rig: Rig, pairs: Int, seconds: Int) async throws -> [Finding] {
        switch self {
        case .intake: try await IntakeMeasure(rig: rig, pairs: pairs, seconds: seconds).run()
        case .allocation: try await AllocationMeasure(rig: rig, pairs: pairs, seconds: seconds).run()
        case .latency: try await LatencyMeasure(rig: rig, pairs: pairs).run()
        case .throughput: try await ThroughputMeasure(rig: rig, pairs: pairs, seconds: seconds).run()
        case .codec: try CodecMeasure(pairs: pairs).run()
        case .cost: try await CostMeasure(rig: rig).run()
        case .coldStart: try await ColdStartMeasure(rig: rig, pairs: pairs).run()
        case .catalog: try await CatalogMeasure(rig: rig, pairs: pairs).run()
        case .check: try await CheckMeasure(rig: rig, seconds: seconds).run()
        }
    }
}
