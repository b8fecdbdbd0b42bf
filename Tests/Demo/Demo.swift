import Contracts
import Foundation
import RPC
import RPCClient
import Secrets
import TestBed
import UnixSignals

/// One restaurant with a Vanhoutte register, and a guest who has paid.
actor Demo {
    static let merchant = MerchantID(unchecked: "demo-merchant")
    static let location = LocationID(unchecked: "brasserie-du-port")
    static let ports: [Fleet.Member: Int] = [
        .orderRouter: 18080, .kassanetGateway: 18081, .mplusGateway: 18082, .tableAllocator: 18083, .menuSync: 18084,
        .scheduler: 18085,
    ]
    static let registerPort = 18090
    static let registerControlPort = 18091
    /// Who is told of events: `docs/examples/subscriber.py`, once somebody starts it; till then they wait for it.
    static let subscribers = [
        "SUBSCRIBERS": """
        [{"name":"kitchen-screens","url":"http://127.0.0.1:18092/hooks","events":["*"],"merchants":["\(merchant)"],
        "secrets":["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]}]
        """,
        // Twenty minutes, so that whoever starts it soon sees what happened before.
        "NOTIFICATION_PAUSES": (["2s", "5s", "10s"] + Array(repeating: "30s", count: 40)).joined(separator: ","),
    ]

    private let began = ContinuousClock.now
    private var postgres: PrivatePostgres?
    private var register: ChildProcess?
    private(set) var fleet: Fleet?

    // MARK: - Up and down

    func start() async throws {
        try Preconditions.check(ports: Array(Self.ports.values) + [Self.registerPort, Self.registerControlPort])
        say("Starting a private PostgreSQL")
        let postgres = try await PrivatePostgres.start(durable: true)
        self.postgres = postgres
        let database = try await postgres.freshDatabase()
        try await Fleet.prepare(database)

        say("Starting a Vanhoutte register (a strict simulator)")
        let register = try ChildProcess.start(
            TestBed.productsDirectory.appending(path: "kassanet-simulator"),
            [
                "--port", String(Self.registerPort), "--control-port", String(Self.registerControlPort), "--tips",
                "--ledger", Self.ledger.path,
            ]
        )
        self.register = register
        _ = try await register.waitForLine(matching: "baseUrl")

        say("Starting the six services")
        let fleet = try Fleet(
            database: { PrivatePostgres.url(database, role: $0) },
            ports: Self.ports,
            settings: [
                // A minute and more otherwise: nobody at a demo waits that long.
                .scheduler: ["CHECK_INTERVAL": "5s", "CHECK_MAX_INTERVAL": "10s", "CHECK_MAX_WITH_ORDERS": "10s"],
                .orderRouter: Self.subscribers, .menuSync: Self.subscribers,
            ]
        )
        self.fleet = fleet
        try await fleet.start(Fleet.Member.allCases)
        try await connect(fleet)
    }

    func stop() async {
        await fleet?.stop()
        if let register { await register.stop() }
        await postgres?.stop()
        fleet = nil
        register = nil
        postgres = nil
        try? FileManager.default.removeItem(at: Self.ledger)
    }

    /// Returns when somebody presses Ctrl-C or sends SIGTERM.
    nonisolated func waitForInterrupt() async {
        for await _ in await UnixSignalsSequence(trapping: .sigint, .sigterm) {
            print("\nStopping.")
            return
        }
    }

    /// Its own: the demo before may still be clearing away.
    private static let ledger = TestBed.runDirectory.appending(
        path: "demo-ledger-\(ProcessInfo.processInfo.processIdentifier).jsonl"
    )

    private func connect(_ fleet: Fleet) async throws {
        say("Connecting the register of the location \(Self.location)")
        let route = "\(fleet.url(.kassanetGateway))/api/backoffice/kassanet/vanhoutte/\(Self.location)"
        let merchant = ["x-merchant-id": Self.merchant.rawValue]
        let connected = try await fleet.request(
            "POST",
            route,
            body: """
                {"base_url":"http://127.0.0.1:\(Self.registerPort)","signature_key":"demo-signature-key",
                "encryption_token":"demo-token-12","enable_encryption":true,"time_zone":"Europe/Brussels",
                "settle_delay_ms":3000}
                """,
            headers: merchant
        )
        guard connected.status == 200 else { throw TestBedError("Connecting failed: \(connected.body)") }
        let tested = try await fleet.request("GET", "\(route)/test", headers: merchant)
        guard tested.status == 200, tested.body.contains(#""status":"connected""#) else {
            throw TestBedError("The connection test failed: \(tested.body)")
        }
    }

    // MARK: - The order

    /// Sends a paid order and shows how it travels.
    ///
    /// - Returns: Whether the register's own ledger holds it once, and its bill is paid.
    func showOrder() async throws -> Bool {
        guard let fleet else { return false }
        let orders = fleet.client(.orderRouter)
        let request = SampleOrder.request
        say("A guest pays € 45.50 at the kiosk: order #\(request.orderNumber)")
        let accepted = try await orders.call(OrderRouterV1.submitOrder, request, context: .byHand())
        say("SubmitOrder answered: \(accepted.orderId.uuidString.lowercased())")
        let found = try await delivered(accepted.orderId, orders)
        show(found)
        let state = try await fleet.request("GET", "http://127.0.0.1:\(Self.registerControlPort)/state")
        let report = try RegisterReport(state: state.body, ledger: String(contentsOf: Self.ledger, encoding: .utf8))
        report.show()
        let isDelivered = found.order.state.knownValue == .delivered && report.isSettledOnce
        print(
            isDelivered
                ? "\nDelivered: once, on a table of its own, with its bill settled."
                : "\nNOT delivered as it should be. The services' logs are in \(TestBed.runDirectory.path)/output."
        )
        return isDelivered
    }

    private func delivered(_ order: UUID, _ orders: RPCClient) async throws -> GetOrderResponse {
        let deadline = ContinuousClock.now + .seconds(30)
        while true {
            let found = try await orders.call(
                OrderRouterV1.getOrder,
                GetOrderRequest(merchantId: Self.merchant, orderId: order),
                context: .byHand()
            )
            if found.order.state.knownValue?.isFinal ?? true || ContinuousClock.now > deadline { return found }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private nonisolated func show(_ found: GetOrderResponse) {
        print("\nIts journey:")
        print("  \(pad("accepted", 16))  \(pad("SubmitOrder", 16))       committed before it was answered")
        var last = found.order.acceptedAt
        for step in found.steps {
            let after = Int(step.at.timeIntervalSince(found.order.acceptedAt) * 1000)
            let wire = step.requestId.map { "  register request-id \($0)" } ?? ""
            print("  \(pad(step.state.text, 16))  \(pad(step.action, 16))  \(pad("+\(after) ms", 8))\(wire)")
            last = step.at
        }
        print("  in all \(Int(last.timeIntervalSince(found.order.acceptedAt) * 1000)) ms from accepted to delivered")
    }

    func say(_ text: String) {
        let passed = began.duration(to: .now).components
        let tenths = passed.attoseconds / 100_000_000_000_000_000
        print("[\(pad("\(passed.seconds).\(tenths)", 5)) s] \(text)")
        fflush(nil)
    }

    // MARK: - What next

    nonisolated func showWhatToTry() {
        let token = Fleet.platformToken.reveal()
        let backoffice = "http://127.0.0.1:18081/api/backoffice/kassanet/vanhoutte/\(Self.location)"
        print(
            """

            Everything stays up until you press Ctrl-C. Try, in another shell:

              TOKEN=\(token)
              # the same order again: the first answer, and no second delivery
              curl -s http://127.0.0.1:18080/upvendo.orders.v1.OrderRouter/SubmitOrder \\
                -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '\(SampleOrder.json)'
              # where an order is, and every step so far
              curl -s http://127.0.0.1:18080/upvendo.orders.v1.OrderRouter/GetOrder \\
                -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\
                -d '{"merchantId":"\(Self.merchant)","transactionId":"\(SampleOrder.request.transactionId)"}'
              # switch the register off, send an order (change transactionId), see it parked; switch it on: within
              # fifteen seconds the scheduler tests it, and the order goes out by itself
              curl -s http://127.0.0.1:18091/power -d '{"on":false}'
              curl -s http://127.0.0.1:18080/upvendo.orders.v1.OrderRouter/ListOrders \\
                -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\
                -d '{"merchantId":"\(Self.merchant)"}'
              curl -s http://127.0.0.1:18091/power -d '{"on":true}'
              # what is due, when, and how it went
              curl -s http://127.0.0.1:18085/upvendo.schedule.v1.Scheduler/ListTasks \\
                -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{}'
              # what subscribers are told, with each signature checked (in a shell of its own)
              python3 docs/examples/subscriber.py
              # the QR code of table 2, and those of all tables to print
              curl -s http://127.0.0.1:18083/api/backoffice/tables/\(Self.location)/2/qr.svg \\
                -H "Authorization: Bearer $TOKEN" -H 'x-merchant-id: \(Self.merchant)' -o table-2.svg
              curl -s http://127.0.0.1:18083/api/backoffice/tables/\(Self.location)/qr.pdf \\
                -H "Authorization: Bearer $TOKEN" -H 'x-merchant-id: \(Self.merchant)' -o tables.pdf
              # the integration as the backoffice shows it: status, settings, activity log
              curl -s \(backoffice) -H "Authorization: Bearer $TOKEN" -H 'x-merchant-id: \(Self.merchant)'
              # what the register holds: bills, and its own ledger of effects
              curl -s http://127.0.0.1:18091/state
              curl -s http://127.0.0.1:18091/ledger

            order-router     http://127.0.0.1:18080    kassanet-gateway http://127.0.0.1:18081
            mplus-gateway    http://127.0.0.1:18082    table-allocator  http://127.0.0.1:18083
            menu-sync        http://127.0.0.1:18084    scheduler        http://127.0.0.1:18085
            Each has /healthz, /readyz and /metrics. Logs: \(TestBed.runDirectory.path)/output
            """
        )
        // Into a pipe or a file, nothing would be seen before the end.
        fflush(nil)
    }
}

func pad(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
}
