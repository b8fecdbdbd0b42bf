import Contracts
import Foundation
import RPC
import Secrets
import TestBed

/// How long a guest waits for `CheckOrder` before paying (rule P3: less than 50 ms at p99), on a menu of 20,000 products.
struct CheckMeasure {
    let rig: Rig
    let seconds: Int

    private static let perSecond = 200.0

    func run() async throws -> [Finding] {
        try await rig.fleet.start([.menuSync])
        let location = Rig.location(0)
        let register = rig.registers[0]
        let offered = try await rig.fleet.request(
            "POST",
            "\(register.controlUrl)/catalog",
            body: #"{"generatedProducts":20000}"#
        )
        guard offered.status == 200 else { throw TestBedError("The catalogue was not changed: \(offered.body)") }
        _ = try await MenuImport(rig: rig, location: location).run()
        let order = SampleOrder.request(1, run: "check", at: location)
        let request = CheckOrderRequest(
            merchantId: Rig.merchant,
            locationId: location,
            channel: .kiosk,
            serviceType: .takeaway,
            items: order.items
        )
        let message = HTTPMessages.post(
            "/upvendo.orders.v1.OrderRouter/CheckOrder",
            token: Fleet.platformToken.reveal(),
            body: String(decoding: try RPCCoding.encode(request), as: UTF8.self)
        )
        let port = URL(string: rig.fleet.url(.orderRouter))?.port ?? 0
        let load = try await LoadGenerator(port: port)
            .run(.open(perSecond: Self.perSecond), for: .seconds(max(10, seconds))) { _ in message }
        try load.check("CheckOrder")
        return [
            Finding(
                goal: "P3",
                what: "p99 of CheckOrder at \(Int(Self.perSecond))/s, in ms",
                ours: "\(load.percentile(99).short) ms, p50 \(load.percentile(50).short)",
                reference: "50 ms",
                ratio: load.percentile(99),
                bar: 50,
                target: 50,
                better: .lower
            )
        ]
    }
}
