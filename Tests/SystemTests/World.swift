import Contracts
import Foundation
import KassanetSimulator
import RPC
import RPCClient
import Secrets
import TestBed

/// A restaurant with a register, and the services as processes on a database of their own.
struct World {
    static let merchant = MerchantID(unchecked: "merchant-1")
    static let location = LocationID(unchecked: "brasserie")

    let fleet: Fleet
    let register: RegisterSimulator
    /// The database of all services, as its owner.
    let database: Secret

    var orders: RPCClient { fleet.client(.orderRouter) }

    /// For a register that never answers, so that it is given up while a test watches.
    static let impatient: [Fleet.Member: [String: String]] = [
        .kassanetGateway: ["REGISTER_TIMEOUT": "4s"], .orderRouter: ["SEND_WINDOW": "10s"],
    ]

    /// Starts the order path and the `others`, lets the body work with them, and stops everything.
    ///
    /// `settleDelay` is how long a write may take effect after its answer was lost, in ms.
    static func run(
        register configuration: SimulatorConfiguration = SimulatorConfiguration(),
        tableMode: String = "virtual",
        connects: Bool = true,
        and others: [Fleet.Member] = [],
        settings: [Fleet.Member: [String: String]] = [:],
        settleDelay: Int = 400,
        _ body: (World) async throws -> Void
    ) async throws {
        let database = try await PrivatePostgres.shared.freshDatabase()
        try await Fleet.prepare(database)
        let fleet = try Fleet(
            database: { PrivatePostgres.url(database, role: $0) },
            // How long a register may take is as it is in service: on a busy machine the simulator is slow at times.
            settings: [
                .kassanetGateway: ["LOG_LEVEL": "debug"],
                // An order is checked against what is known, however long a busy machine needs to tell it.
                .orderRouter: ["CHECK_TIMEOUT": "20s", "LOG_LEVEL": "debug"],
                .tableAllocator: ["SETTLE_TIME": "2s"],
                .scheduler: ["CHECK_INTERVAL": "1s"],
            ]
            .merging(settings) { $0.merging($1) { $1 } }
        )
        let world = World(
            fleet: fleet,
            register: try await RegisterSimulator.start(configuration),
            database: database
        )
        do {
            try await fleet.start([.kassanetGateway, .tableAllocator, .orderRouter] + others)
            if connects {
                try await world.connect(configuration, tableMode: tableMode, settleDelay: settleDelay)
            }
            try await body(world)
        } catch {
            await world.stop()
            throw error
        }
        await world.stop()
    }

    private func stop() async {
        await fleet.stop()
        await register.stop()
    }

    // MARK: - The backoffice

    var route: String {
        "\(fleet.url(.kassanetGateway))/api/backoffice/kassanet/vanhoutte/\(Self.location)"
    }

    var headers: [String: String] { ["x-merchant-id": Self.merchant.rawValue] }

    func connect(_ configuration: SimulatorConfiguration, tableMode: String, settleDelay: Int = 400) async throws {
        let answer = try await fleet.request(
            "POST",
            route,
            body: """
                {"base_url":"\(register.baseURL)","signature_key":"\(configuration.signatureKey)",
                "encryption_token":"\(configuration.encryptionToken)","settle_delay_ms":\(settleDelay),
                "table_mode":"\(tableMode)"}
                """,
            headers: headers
        )
        guard answer.status == 200 else { throw TestBedError("connect: \(answer.body)") }
        guard try await test().contains(#""status":"connected""#) else { throw TestBedError("the test failed") }
    }

    @discardableResult
    func test() async throws -> String {
        try await fleet.request("GET", "\(route)/test", headers: headers).body
    }

    func status() async throws -> String {
        try await fleet.request("GET", route, headers: headers).body
    }

    // MARK: - Orders

    /// A paid order for € 9.00: a crème brûlée and a coffee.
    static func order(
        _ number: String,
        table: Int? = nil,
        guest: Guest? = nil
    ) -> SubmitOrderRequest {
        SubmitOrderRequest(
            merchantId: merchant,
            locationId: location,
            transactionId: TransactionID(unchecked: "transaction-\(number)"),
            orderNumber: number,
            channel: table == nil ? .kiosk : .tableQR,
            serviceType: table == nil ? .takeaway : .dineIn,
            tableNumber: table,
            guest: guest,
            items: [
                OrderItem(plu: "102", name: "Crème brûlée", unitPriceCents: 650),
                OrderItem(plu: "101", name: "Coffee", unitPriceCents: 250),
            ],
            totalCents: 900,
            payment: OrderPayment(status: .confirmed, provider: "viva_wallet", reference: "payment-\(number)")
        )
    }

    @discardableResult
    func submit(_ order: SubmitOrderRequest) async throws -> SubmitOrderResponse {
        try await orders.call(OrderRouterV1.submitOrder, order, context: .byHand())
    }

    func order(_ id: UUID) async throws -> GetOrderResponse {
        try await orders.call(
            OrderRouterV1.getOrder,
            GetOrderRequest(merchantId: Self.merchant, orderId: id),
            context: .byHand()
        )
    }

    /// The order once it is in one of the states.
    func order(_ id: UUID, in states: OrderState..., timeout: Duration = .seconds(120)) async throws -> GetOrderResponse
    {
        let deadline = ContinuousClock.now + timeout
        while true {
            let found = try await order(id)
            if let state = found.order.state.knownValue, states.contains(state) { return found }
            guard ContinuousClock.now < deadline else {
                let steps = found.steps.map { "\($0.action) -> \($0.state.text) \($0.reason ?? "")" }
                throw TestBedError("order is \(found.order.state.text), \(found.order.reason ?? "-"); \(steps)")
            }
            try await Task.sleep(for: .milliseconds(25))
        }
    }

    func effects(_ kind: LedgerEntry.Effect) async -> [LedgerEntry] {
        await register.ledger.filter { $0.effect == kind }
    }
}
