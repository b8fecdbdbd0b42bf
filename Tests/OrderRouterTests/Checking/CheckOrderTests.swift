import Contracts
import Foundation
import RPC
import RPCClient
import Testing

@testable import OrderRouter

/// Rule P3: a channel asks before the guest pays.
///
/// A process with its database; gateway, allocator and menu-sync over HTTP.
@Suite(.timeLimit(.minutes(5))) struct CheckOrderTests {
    private static let other = MerchantID(unchecked: "m2")

    private func with(
        _ connections: [PosConnection] = [Sample.connection()],
        patience: Duration = .seconds(20),
        _ body: @escaping @Sendable (RouterBed, FakeServices, RouterProcess) async throws -> Void
    ) async throws {
        try await RouterBed.with { bed in
            let services = FakeServices()
            services.connect(connections)
            services.change { $0.menu = { _ in Self.menu() } }
            try await services.serve { client in
                let process = RouterProcess(bed, client, patience: patience)
                try await process.run {
                    while process.follower.heardAt("kassanet") == nil { try await Task.sleep(for: .milliseconds(2)) }
                    try await body(bed, services, process)
                }
            }
        }
    }

    private static let imported = Date(timeIntervalSince1970: 1_772_389_800)

    private static func menu(_ problems: ItemProblem...) -> CheckItemsResponse {
        CheckItemsResponse(menuVersion: 7, menuAsOf: imported, stockAsOf: imported, problems: problems)
    }

    private static func request(
        merchant: MerchantID = Sample.merchant,
        table: Int? = nil,
        items: [OrderItem] = Sample.items,
        tip: Cents? = nil,
        total: Cents? = nil
    ) -> CheckOrderRequest {
        CheckOrderRequest(
            merchantId: merchant,
            locationId: Sample.location,
            channel: table == nil ? .kiosk : .tableQR,
            serviceType: .dineIn,
            tableNumber: table,
            items: items,
            tipCents: tip,
            totalCents: total
        )
    }

    private func check(_ request: CheckOrderRequest, _ process: RouterProcess) async throws -> CheckOrderResponse {
        try await process.service.checkOrder(request, RouterProcess.context())
    }

    private func reasons(_ answer: CheckOrderResponse) -> [String] { answer.problems.map(\.reason.text) }

    @Test("P3: An order that can be served has no problems, and says how old what it went by is")
    func aGoodOrder() async throws {
        try await with { _, services, process in
            services.change { $0.sections[Sample.key] = [7, 8] }
            let before = Date()
            let answer = try await check(Self.request(table: 7, total: 1000), process)
            #expect(answer.canOrder)
            #expect(answer.problems == [])
            #expect(answer.tips)
            #expect(!answer.payLater)
            let knowledge = answer.knowledge
            #expect(knowledge.menuVersion == 7)
            #expect(knowledge.menuAsOf == Self.imported)
            #expect(knowledge.stockAsOf == Self.imported)
            #expect(knowledge.connectionStatus == Open(.connected))
            let tested = try #require(knowledge.connectionTestedAt)
            let since = try #require(knowledge.connectionStatusSince)
            let heard = try #require(knowledge.connectionHeardAt)
            let tablesAsOf = try #require(knowledge.tablesAsOf)
            for moment in [tested, since, heard, tablesAsOf] { #expect(moment <= knowledge.checkedAt) }
            #expect(tablesAsOf >= before)
            // Nothing is written, and nothing asked of the register.
            #expect(services.ledger.placed.isEmpty)
            let list = ListOrdersRequest(merchantId: Sample.merchant)
            #expect(try await process.service.listOrders(list, RouterProcess.context()).orders.isEmpty)
        }
    }

    @Test("P3: Unknown, removed and sold-out articles are in the way; another price and an odd choice are not")
    func articles() async throws {
        try await with { _, services, process in
            services.change {
                $0.menu = { _ in
                    Self.menu(
                        ItemProblem(line: 0, plu: "11", reason: .priceDiffers, message: "3.20", menuPriceCents: 320),
                        ItemProblem(line: 0, plu: "90", reason: .modifierNotOffered, message: "Not offered."),
                        ItemProblem(line: 1, plu: "12", reason: .outOfStock, message: "2 are left.", available: 2)
                    )
                }
            }
            let answer = try await check(Self.request(), process)
            #expect(!answer.canOrder)
            // What is in the way comes first.
            #expect(reasons(answer) == ["out_of_stock", "price_differs", "modifier_not_offered"])
            #expect(answer.problems.map(\.severity) == [Open(.blocking), Open(.warning), Open(.warning)])
            #expect(answer.problems[0].line == 1)
            #expect(answer.problems[0].field == "items[1]")
            #expect(answer.problems[0].available == 2)
            #expect(answer.problems[1].menuPriceCents == 320)
            for reason in [ItemProblemReason.unknownPlu, .removedPlu] {
                services.change {
                    $0.menu = { _ in Self.menu(ItemProblem(line: 0, plu: "11", reason: reason, message: "Gone.")) }
                }
                let gone = try await check(Self.request(), process)
                #expect(!gone.canOrder)
                #expect(reasons(gone) == [reason.rawValue])
            }
        }
    }

    @Test("What is asked of menu-sync: well-formed lines with their choices per unit, whoever's they are")
    func theQuestion() async throws {
        let cheese = OrderItem(plu: "902", name: "Cheese", quantity: 2, unitPriceCents: 150)
        var sauced = cheese
        sauced.modifiers = [OrderItem(plu: "903", name: "Sauce", quantity: 3, unitPriceCents: 10)]
        let wish = OrderItem(plu: nil, name: "Well done", unitPriceCents: 0)
        let items = [
            OrderItem(plu: nil, name: "Nameless", unitPriceCents: 100),
            OrderItem(plu: "103", name: "Burger", quantity: 2, unitPriceCents: 1400, modifiers: [sauced, wish]),
            OrderItem(plu: "104", name: "Salad", quantity: 0, unitPriceCents: 900),
        ]
        try await with { _, services, process in
            services.change {
                $0.menu = { _ in
                    Self.menu(
                        ItemProblem(line: 0, plu: "903", reason: .modifierNotOffered, message: "Not offered."),
                        ItemProblem(line: 0, plu: "903", reason: .outOfStock, message: "None left."),
                        ItemProblem(line: 9, plu: "1", reason: .unknownPlu, message: "Of no line that was asked about.")
                    )
                }
            }
            let answer = try await check(Self.request(items: items), process)
            #expect(
                services.ledger.menuQuestions == [
                    CheckItemsRequest(
                        merchantId: Sample.merchant,
                        locationId: Sample.location,
                        items: [
                            CheckedLine(
                                plu: "103",
                                quantity: 2,
                                unitPriceCents: 1400,
                                modifiers: [
                                    CheckedModifier(plu: "902", quantity: 2, unitPriceCents: 150),
                                    CheckedModifier(plu: "903", quantity: 6, unitPriceCents: 10),
                                ]
                            )
                        ]
                    )
                ]
            )
            // Each malformed line is named by its own field, and the other's problem by its place in the order.
            #expect(answer.problems.map(\.field) == ["items[0].plu", "items[2].quantity", "items[1]"])
            #expect(reasons(answer) == ["invalid_order", "invalid_order", "out_of_stock"])
            #expect(answer.problems.map(\.line) == [0, 2, 1])
        }
    }

    @Test("What SubmitOrder would refuse is a problem of the answer, field by field, and no error")
    func content() async throws {
        try await with { _, services, process in
            let wrong = try await check(Self.request(total: 999), process)
            #expect(!wrong.canOrder)
            #expect(wrong.problems.map(\.field) == ["totalCents"])
            #expect(wrong.problems[0].message.contains("1000"))
            // A total that is not named yet is not wrong.
            #expect(try await check(Self.request(), process).canOrder)
            var request = Self.request(items: [])
            request.channel = .unrecognized("voice")
            request.currency = "USD"
            let bad = try await check(request, process)
            #expect(Set(bad.problems.compactMap(\.field)) == ["items", "channel", "currency"])
            #expect(bad.problems.allSatisfy { $0.reason == Open(.invalidOrder) && $0.nextAction == Open(.fixRequest) })
            // Nothing was left to ask menu-sync about.
            #expect(services.ledger.menuQuestions.count == 2)
            let nowhere = Self.request(table: 0)
            #expect(try await check(nowhere, process).problems.map(\.field) == ["tableNumber"])
            #expect(services.ledger.sectionReads == 0)
        }
    }

    @Test("A table that no section has is in the way; without sections any number may be right")
    func tables() async throws {
        try await with { _, services, process in
            let unknown = try await check(Self.request(table: 7), process)
            #expect(unknown.canOrder)
            #expect(reasons(unknown) == ["tables_unknown"])
            #expect(unknown.knowledge.tablesAsOf != nil)
            services.change { $0.sections[Sample.key] = [8] }
            let missing = try await check(Self.request(table: 7), process)
            #expect(!missing.canOrder)
            #expect(reasons(missing) == ["unknown_table"])
            // A table that was added a moment ago is there at once.
            services.change { $0.sections[Sample.key] = [7, 8] }
            #expect(try await check(Self.request(table: 7), process).problems == [])
            let reads = services.ledger.sectionReads
            #expect(try await check(Self.request(table: 8), process).problems == [])
            #expect(services.ledger.sectionReads == reads)
        }
    }

    @Test("Menu-sync and the allocator away: the answer comes all the same, with what is not known")
    func othersAway() async throws {
        try await with { _, services, process in
            services.change { $0.sections[Sample.key] = [7] }
            #expect(try await check(Self.request(table: 7), process).canOrder)
            services.change {
                $0.menu = nil
                $0.isAllocatorAway = true
            }
            let context = RouterProcess.context(.seconds(5))
            let known = try await process.service.checkOrder(Self.request(table: 7), context)
            #expect(known.canOrder)
            #expect(reasons(known) == ["menu_unknown"])
            #expect(known.knowledge.menuVersion == nil)
            let read = try #require(known.knowledge.tablesAsOf)
            let other = try await process.service.checkOrder(
                Self.request(table: 9),
                context
            )
            #expect(other.canOrder)
            #expect(reasons(other) == ["tables_unknown", "menu_unknown"])
            // Nothing new was learned meanwhile.
            #expect(other.knowledge.tablesAsOf == read)
        }
    }

    @Test("A menu that was never imported is a warning, not a menu without articles")
    func noMenu() async throws {
        try await with { _, services, process in
            services.change {
                $0.menu = { _ in
                    CheckItemsResponse(
                        problems: [ItemProblem(line: 0, plu: "11", reason: .unknownPlu, message: "Unknown.")]
                    )
                }
            }
            let answer = try await check(Self.request(), process)
            #expect(answer.canOrder)
            #expect(reasons(answer) == ["menu_unknown"])
        }
    }

    @Test("A menu-sync that hangs costs its patience and no more")
    func hanging() async throws {
        try await with(patience: .milliseconds(30)) { _, services, process in
            services.change { $0.isMenuHanging = true }
            let began = ContinuousClock.now
            let answer = try await check(Self.request(), process)
            // The stub would keep it for 20 s.
            #expect(ContinuousClock.now - began < .seconds(19))
            #expect(answer.canOrder)
            #expect(reasons(answer) == ["menu_unknown"])
        }
    }

    @Test("K32: A register that is off is a warning with since when; so is a pause; an unknown location is an error")
    func registers() async throws {
        try await with([Sample.connection(status: .disconnected)]) { bed, services, process in
            let off = try await check(Self.request(), process)
            #expect(off.canOrder)
            #expect(reasons(off) == ["register_offline"])
            #expect(off.problems[0].since == off.knowledge.connectionStatusSince)
            #expect(off.problems[0].nextAction == Open(.wait))
            #expect(off.knowledge.connectionTestedAt == nil)
            try await bed.routes.apply(Sample.connection(version: 2, status: .misconfigured), gateway: "kassanet")
            #expect(reasons(try await check(Self.request(), process)) == ["register_misconfigured"])
            try await bed.routes.apply(Sample.connection(version: 3, epoch: 2), gateway: "kassanet")
            let key = LaneKey(merchantID: Sample.merchant, locationID: Sample.location)
            _ = try await bed.routes.pause(key, actor: "anna", reason: "Full.")
            let paused = try await check(Self.request(tip: 100), process)
            #expect(paused.canOrder)
            #expect(reasons(paused) == ["location_paused"])
            #expect(paused.knowledge.connectionTestedAt != nil)
            // Another merchant's location of that name is nobody's.
            let stranger = await #expect(throws: RoutingError.self) {
                try await check(Self.request(merchant: Self.other), process)
            }
            #expect(stranger == .unknownLocation)
            #expect(services.ledger.menuQuestions.allSatisfy { $0.merchantId == Sample.merchant })
        }
    }

    @Test("Each merchant's check goes by its own connection, menu and tables")
    func twoMerchants() async throws {
        let connections = [
            Sample.connection(), Sample.connection(merchant: Self.other, version: 2, status: .disconnected),
        ]
        try await with(connections) { _, services, process in
            services.change {
                $0.sections[Sample.key] = [7]
                $0.sections[LaneKey(merchantID: Self.other, locationID: Sample.location)] = [8]
                $0.menu = { request in
                    guard request.merchantId == Self.other else { return Self.menu() }
                    return Self.menu(ItemProblem(line: 0, plu: "11", reason: .outOfStock, message: "None."))
                }
            }
            #expect(try await check(Self.request(table: 7), process).problems == [])
            let theirs = try await check(Self.request(merchant: Self.other, table: 7), process)
            #expect(reasons(theirs) == ["unknown_table", "out_of_stock", "register_offline"])
        }
    }

    @Test("A location connected this moment is found")
    func connectedJustNow() async throws {
        try await with([]) { _, services, process in
            await #expect(throws: RoutingError.unknownLocation) { try await check(Self.request(), process) }
            services.connect([Sample.connection()])
            let answer = try await check(Self.request(), process)
            #expect(answer.canOrder)
        }
    }

    @Test("P3: Of four hundred checks the median is below 50 ms even in a debug build, or three calls of what they ask")
    func duration() async throws {
        try await with { _, services, process in
            services.change { $0.sections[Sample.key] = [7] }
            _ = try await check(Self.request(table: 7), process)
            let sections = ListSectionsRequest(merchantId: Sample.merchant, locationId: Sample.location)
            var times: [Duration] = []
            var calls: [Duration] = []
            for _ in 0..<400 {
                var began = ContinuousClock.now
                let answer = try await check(Self.request(table: 7), process)
                times.append(ContinuousClock.now - began)
                #expect(answer.problems == [])
                // What a busy machine makes of one bare call at that moment.
                began = .now
                _ = try await process.client.call(
                    TableAllocatorV1.listSections,
                    sections,
                    context: RouterProcess.context()
                )
                calls.append(ContinuousClock.now - began)
            }
            times.sort()
            calls.sort()
            print("CheckOrder: median \(times[200]), p99 \(times[395]), most \(times[399]); a call \(calls[200])")
            #expect(times[200] < max(.milliseconds(50), calls[200] * 3))
        }
    }

    @Test("Tables are remembered for a bounded number of locations, the newest")
    func boundedTables() {
        let known = KnownTables(capacity: 3)
        for number in 0..<9 {
            let key = LaneKey(merchantID: Sample.merchant, locationID: LocationID(unchecked: "l\(number)"))
            known.learn(
                KnownTables.Tables(numbers: [number], readAt: Date(timeIntervalSince1970: Double(number))),
                of: key
            )
        }
        #expect(known.count == 3)
        let newest = LaneKey(merchantID: Sample.merchant, locationID: LocationID(unchecked: "l8"))
        #expect(known.tables(newest)?.numbers == [8])
    }
}

/// What a check says of a register that takes no tips, and of a gateway that fell silent.
@Suite struct OrderCheckTests {
    private func answer(tip: Cents?, tips: Bool = true, heard: Double?) -> CheckOrderResponse {
        let now = Date()
        return OrderCheck(
            request: CheckOrderRequest(
                merchantId: Sample.merchant,
                locationId: Sample.location,
                channel: .kiosk,
                serviceType: .takeaway,
                items: Sample.items,
                tipCents: tip
            ),
            location: KnownLocation(route: Sample.route(tips: tips)),
            menu: .notAsked,
            tables: nil,
            heardAt: heard.map { now.addingTimeInterval(-$0) },
            now: now
        ).response
    }

    @Test("K35: A tip where the register takes none is a warning")
    func tips() {
        let untaken = answer(tip: 100, tips: false, heard: 0)
        #expect(untaken.canOrder)
        #expect(untaken.problems.map(\.reason) == [Open(.tipsNotTaken)])
        #expect(!untaken.tips)
        #expect(answer(tip: 100, heard: 0).problems == [])
        #expect(answer(tip: 0, tips: false, heard: 0).problems == [])
    }

    @Test("A gateway that has not been heard of for half a minute, or ever, is said to be silent")
    func silence() {
        for heard in [31, nil] as [Double?] {
            let silent = answer(tip: nil, heard: heard)
            #expect(silent.canOrder)
            #expect(silent.problems.map(\.reason) == [Open(.registerUnknown)])
            #expect((silent.problems[0].since == nil) == (heard == nil))
        }
        #expect(answer(tip: nil, heard: 29).problems == [])
    }
}
