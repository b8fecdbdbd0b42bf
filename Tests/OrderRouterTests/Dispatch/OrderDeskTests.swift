import Contracts
import Foundation
import RPC
import Testing

@testable import OrderRouter

@Suite struct OrderDeskTests {
    private static let intent = WriteIntent(attemptId: UUID(), number: 1, phase: .intended)
    private static let payment = PaymentIntent(
        write: intent,
        kind: .settle,
        amountCents: 1000,
        tipCents: 0,
        bill: Bill(tableNumber: 7),
        refusals: 0
    )

    /// I13: an order whose write may be on its way does not park as if it were not.
    ///
    /// A gateway that is missing in the settings after a restart, for example, fails every call with `not_connected`.
    @Test(arguments: [
        Action.place(intent), .lookUpPlacement(intent), .pay(payment), .lookUpPayment(payment),
    ])
    func aFailedCallAboutAWriteIsNoObstacle(action: Action) {
        for reason in ["not_connected", "register_unreachable", "register_misconfigured", "no_free_table", nil] {
            let error = RPCError(.failedPrecondition, "No address for it.", reason: reason)
            #expect(OrderDesk.event(error, of: action) == .serviceFailed(detail: "No address for it."))
        }
        #expect(OrderDesk.event(RPCError(.failedPrecondition, "", reason: "lease_lost"), of: action) == .leaseLost)
    }

    @Test(
        arguments: [
            ("register_unreachable", Event.obstacle(.unreachable, detail: "Words.")),
            ("register_misconfigured", .obstacle(.misconfigured, detail: "Words.")),
            ("not_connected", .obstacle(.notConnected, detail: "Words.")),
            ("no_free_table", .noTable(reason: "no_free_table", explanation: "Words.")),
            ("table_busy", .noTable(reason: "table_busy", explanation: "Words.")),
            ("table_in_doubt", .noTable(reason: "table_in_doubt", explanation: "Words.")),
            ("unknown_section", .noTable(reason: "unknown_section", explanation: "Words.")),
            ("lease_lost", .leaseLost),
            ("register_unreadable", .unreadable(detail: "Words.")),
            ("invalid_order", .callRefused(detail: "Words.", wasWrite: false)),
            ("unknown_attempt", .callRefused(detail: "Words.", wasWrite: false)),
            ("from_the_future", .serviceFailed(detail: "Words.")),
            (nil, .serviceFailed(detail: "Words.")),
        ] as [(String?, Event)]
    )
    func aFailedReadSaysWhatKeepsTheOrder(reason: String?, event: Event) {
        for action in [
            Action.assignTable(TableWish(mode: .virtual)), .regainTable, .readBill, .checkPayment(Self.payment),
        ] {
            #expect(OrderDesk.event(RPCError(.unavailable, "Words.", reason: reason), of: action) == event)
        }
    }

    /// What is refused as it is would be refused for ever; a write that is refused so may be known to the gateway.
    @Test func aCallThatIsRefusedIsNoServiceThatIsAway() {
        let refusal = RPCError(.invalidArgument, "Words.", reason: "invalid_request")
        for (action, wasWrite) in [
            (Action.place(Self.intent), true), (.pay(Self.payment), true), (.lookUpPlacement(Self.intent), false),
            (.readBill, false), (.assignTable(TableWish(mode: .virtual)), false),
        ] {
            #expect(OrderDesk.event(refusal, of: action) == .callRefused(detail: "Words.", wasWrite: wasWrite))
        }
        #expect(OrderDesk.event(refusal, of: .releaseTable) == .serviceFailed(detail: "Words."))
    }

    /// A worker that slept past its lane and takes the table nevertheless leaves a lease that ends by itself.
    @Test func aTableIsRegainedWithoutPinningIt() async throws {
        let services = FakeServices()
        try await services.serve { client in
            let desk = OrderDesk(
                allocator: client,
                gateways: ["kassanet": client],
                sendWindow: .seconds(20),
                readTimeout: .seconds(20)
            )
            let order = Sample.order(.placedUnsettled) { $0.tableNumber = 12 }
            let job = OrderDesk.Job(
                order: order,
                route: Sample.route(),
                timeLeft: .seconds(60),
                logger: RouterBed.logger
            )
            let outcome = await desk.perform(.regainTable, job)
            #expect(outcome.event == .tableRegained(TableRight(number: 12, fencingToken: 12, mode: .named)))
        }
        #expect(services.ledger.leases.count == 1)
        #expect(services.ledger.pins == 0)
    }

    /// I2, I13: a location that has moved to another gateway has its orders' writes asked for where they were sent, and
    /// nothing on the new register is taken for proof of them.
    @Test func aWriteIsAskedForWhereItWasSent() async throws {
        let (before, now) = (FakeServices(), FakeServices())
        try await before.serve { before in
            try await now.serve { now in
                let desk = OrderDesk(
                    allocator: now,
                    gateways: ["before": before, "kassanet": now],
                    sendWindow: .seconds(20),
                    readTimeout: .seconds(20)
                )
                let order = Sample.order(.tableAssigned) {
                    $0.tableNumber = 7
                    $0.lease = TableRight(number: 7, fencingToken: 7, mode: .named)
                    $0.baseline = Bill(tableNumber: 7)
                    $0.placement = WriteIntent(attemptId: UUID(), number: 1, phase: .intended, gateway: "before")
                }
                var job = OrderDesk.Job(
                    order: order,
                    route: Sample.route(),
                    timeLeft: .seconds(60),
                    logger: RouterBed.logger
                )
                let intent = try #require(order.progress.placement)
                job.route.gateway = "before"
                guard case .placement(let placed) = await desk.perform(.place(intent), job).event else {
                    Issue.record("It is not placed.")
                    return
                }
                #expect(placed.outcome == Open(.done))
                job.route.gateway = "kassanet"
                let found = await desk.perform(.lookUpPlacement(intent), job).event
                #expect(found == .placementLookedUp(placed))

                let check = await desk.perform(.checkPlacement(intent, afterRefusal: false), job).event
                guard case .placementChecked(let check, _) = check else {
                    Issue.record("It is not checked.")
                    return
                }
                #expect(check.finding == Open(.unknown))
                #expect(check.reason == "register_changed")
                guard case .unreadable = await desk.perform(.readBill, job).event else {
                    Issue.record("The bill of another register is read.")
                    return
                }
            }
        }
    }

    /// I4: at the same gateway, the connection may have got another address since.
    @Test func theBillOfAnotherRegisterBehindTheSameGatewayIsNotPaid() async throws {
        let services = FakeServices()
        try await services.serve { client in
            let desk = OrderDesk(
                allocator: client,
                gateways: ["kassanet": client],
                sendWindow: .seconds(20),
                readTimeout: .seconds(20)
            )
            let attempt = UUID()
            let order = Sample.order(.placedUnsettled) {
                $0.tableNumber = 7
                $0.baseline = Bill(tableNumber: 7)
                $0.placement = WriteIntent(attemptId: attempt, number: 1, phase: .intended, gateway: "kassanet")
            }
            let job = OrderDesk.Job(
                order: order,
                route: Sample.route(),
                timeLeft: .seconds(60),
                logger: RouterBed.logger
            )
            guard case .billRead = await desk.perform(.readBill, job).event else {
                Issue.record("The bill is not read.")
                return
            }
            services.change { $0.sentElsewhere = "It was sent to another register." }
            #expect(
                await desk.perform(.readBill, job).event == .unreadable(detail: "It was sent to another register.")
            )
            #expect(services.ledger.comparedAttempts == [attempt, attempt])
        }
    }
}
