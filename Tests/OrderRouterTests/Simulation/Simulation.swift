import Contracts
import Foundation
import RPC

@testable import OrderRouter

/// A bug planted on purpose, to see that the checker catches it.
enum PlantedBug: CaseIterable {
    /// "Not to be seen yet" is taken for "not there".
    case unknownMeansAbsent
    /// A lost answer is taken for a write that was not sent, and the order is sent again.
    case noAnswerMeansNotSent
    /// The register's no is believed without a read.
    case refusalIsNotRead
    /// A payment without an answer is paid again.
    case lostPaymentIsRepeated
    /// What others have on the table is paid with our order.
    case foreignLinesArePaid
    /// The attempt is committed after the gateway was called.
    case intentAfterTheCall
    /// An order is cancelled whose write may be on its way, without asking the gateway.
    case cancelIsNotAsked
}

/// One location with its register, gateway and allocator, a handful of orders, and everything that can go wrong; driven by
/// the real ``Journey`` and a clock that only moves by itself.
///
/// What the real worker does to the database is done to an array here, under the same guards: a change is stored only if
/// the order is still as the worker saw it, under the same lane generation.
final class Simulation {
    struct Kept {
        var order: Order
        var runAt: Int?
        var generation = 0
        var states: [OrderState] = [.accepted]
        var wasProvenAbsent = true
    }

    /// A worker that fell asleep just before it acts.
    private struct Sleeper {
        var action: Action
        var order: Order
        var wakesAt: Int
    }

    let seed: UInt64
    let bug: PlantedBug?
    private let journey = Journey()
    private var random: SeededGenerator
    private var now = 0
    private var register = ModelRegister()
    private var gateway = ModelGateway()
    private var allocator = ModelAllocator()
    private var orders: [Kept] = []
    private var sleepers: [Sleeper] = []
    private var laneFreeAt = 0
    private var generation = 0
    private var isFaulty = true
    private let tableMode: TableMode
    private let onMismatch: MismatchPolicy
    private var committed: Set<UUID> = []
    private var paymentTypeIsMissing = false
    private var isPaused = false
    /// What people did, by name.
    private(set) var decisions: [String: Int] = [:]
    private(set) var violations: [String] = []
    private(set) var trace: [String] = []

    init(seed: UInt64, bug: PlantedBug? = nil) {
        self.seed = seed
        self.bug = bug
        random = SeededGenerator(seed: seed)
        tableMode = Bool.random(using: &random) ? .virtual : .physical
        onMismatch = Int.random(in: 0..<4, using: &random) == 0 ? .deposit : .settle
        for number in 1...Int.random(in: 1...4, using: &random) {
            // Every article of ours is one that a waiter may ring up too.
            let item = OrderItem(plu: "\(10 + number % 2)", name: "Dish", quantity: number % 3 + 1, unitPriceCents: 500)
            let isNamed = Bool.random(using: &random)
            let paid = item.totalCents
            var content = Sample.content(
                transaction: "t-\(seed)-\(number)",
                number: "\(number)",
                channel: isNamed ? .tableQR : .kiosk,
                table: isNamed ? Int.random(in: 7...8, using: &random) : nil,
                items: [item],
                totalCents: paid
            )
            content.guest = nil
            let order = Sample.order(content: content, id: newID())
            orders.append(Kept(order: order, runAt: Int.random(in: 0...20_000, using: &random)))
        }
    }

    // MARK: - Running

    /// Runs the faults for ten minutes, ends them, and goes on until nothing happens any more.
    func run() {
        while now < 600_000 {
            guard let next = nextMoment, next < 600_000 else {
                guard peopleComeBy() else { break }
                continue
            }
            advance(to: max(now, next))
            if chance(0.3) { somethingHappens() }
            step()
        }
        isFaulty = false
        advance(to: max(now, 600_000))
        gateway.isRegisterUp = true
        paymentTypeIsMissing = false
        if isPaused { togglePause() }
        testConnection()
        var steps = 0
        while let next = nextMoment {
            advance(to: max(now, next))
            if orders.allSatisfy({ $0.runAt == nil || $0.order.progress.reason?.contains("table") ?? false }) {
                peopleTidyUp()
            }
            step()
            steps += 1
            if steps > 2_000 {
                violate(
                    "nothing comes to rest: \(orders.map { "\($0.order.state) \($0.order.progress.reason ?? "")" })"
                )
                break
            }
        }
        advance(to: now + 2 * ModelGateway.settleDelay)
        judge()
    }

    private var nextMoment: Int? {
        let due = orders.compactMap(\.runAt).map { max($0, laneFreeAt) }
        return (due + sleepers.map(\.wakesAt)).min()
    }

    private func advance(to moment: Int) {
        for effect in gateway.late.sorted(by: { $0.at < $1.at }) where effect.at <= moment {
            now = max(now, effect.at)
            // A late payment lands on the bill it was sent for, or not at all.
            let isPlacing = if case .place = effect.write.content { true } else { false }
            guard isPlacing || register.marks(onTable: effect.write.table).contains(effect.write.mark) else { continue }
            let isTaken = effect.write.take(on: &register)
            note("late \(effect.write.content) of \(effect.write.mark): \(isTaken)")
        }
        gateway.late.removeAll { $0.at <= moment }
        now = max(now, moment)
    }

    private func step() {
        if let index = sleepers.firstIndex(where: { $0.wakesAt <= now }) {
            let sleeper = sleepers.remove(at: index)
            note("a sleeper wakes: \(sleeper.action.name)")
            // What it does is too late, and what it learns is not stored: its lane is another's.
            _ = perform(sleeper.action, sleeper.order, isStale: true)
            return
        }
        guard laneFreeAt <= now else { return }
        let ready = orders.indices.filter { orders[$0].runAt.map { $0 <= now } ?? false }
        let next = ready.min { left, right in
            let priorities = [left, right].map { Order.priority(of: orders[$0].order.state) }
            return (priorities[0], left) < (priorities[1], right)
        }
        if let next { work(on: next) }
    }

    /// What `LaneWorker` does with an order, with a crash or a long sleep between any two steps.
    private func work(on index: Int) {
        generation += 1
        orders[index].generation = generation
        let mine = generation
        var route = Sample.route(
            status: gateway.status,
            epoch: gateway.epoch,
            tableMode: tableMode,
            onMismatch: onMismatch
        )
        route.isPaused = isPaused
        var order = orders[index].order
        var isFresh = false
        var following: Action?
        while let action = following ?? journey.next(for: order, on: route, isFresh: isFresh) {
            if crashes() { return }
            if isFaulty, chance(0.03) {
                note("falls asleep before \(action.name)")
                sleepers.append(Sleeper(action: action, order: order, wakesAt: now + random(60_000...200_000)))
                laneFreeAt = now + 60_000
                return
            }
            let event = perform(action, order, isStale: false)
            if chance(0.2) { somethingHappens() }
            advance(to: now + random(5...400))
            if crashes() { return }
            var decision = decide(event, order, route)
            if case .go(let next, let known) = decision {
                (following, order) = (next, known)
                continue
            }
            if case .store(_, let wanted) = decision, let letGo = wanted.letGo, let failure = tell(letGo, order) {
                decision = decide(failure, order, route)
            }
            guard case .store(let next, let followup) = decision else { return }
            if crashes() { return }
            guard record(next, followup, index, generation: mine) else { return }
            (order, isFresh, following) = (next, true, nil)
            guard followup.wake == .now else { return }
        }
        if !isFresh, orders[index].generation == mine { orders[index].runAt = nil }
    }

    /// - Returns: False where a person has moved the order meanwhile; then nothing is stored.
    private func record(_ order: Order, _ followup: Decision.Followup, _ index: Int, generation: Int) -> Bool {
        guard orders[index].generation == generation else {
            note("#\(order.content.orderNumber) is no longer the worker's")
            return false
        }
        var order = order
        var wake = followup.wake
        if order.state == .parked, gateway.epoch > order.progress.parkedEpoch ?? Int.max {
            order.state = order.progress.resume ?? .accepted
            wake = .now
        }
        note(
            "#\(order.content.orderNumber) \(orders[index].order.state) -> \(order.state) \(order.progress.reason ?? "")"
        )
        orders[index].order = order
        orders[index].states.append(order.state)
        switch wake {
        case .now: orders[index].runAt = now
        case .after(let pause): orders[index].runAt = now + Int(pause / .milliseconds(1))
        case .never: orders[index].runAt = nil
        }
        // What `OrderSweeper` does for an order that was held back by a pause which is over.
        if order.progress.reason == "location_paused", !isPaused { orders[index].runAt = now }
        if let placement = order.progress.placement { committed.insert(placement.attemptId) }
        if let payment = order.progress.payment { committed.insert(payment.write.attemptId) }
        if order.state == .delivered || followup.letGo != nil {
            for other in orders.indices where orders[other].order.state == .waiting && orders[other].runAt != nil {
                orders[other].runAt = now
            }
        }
        return true
    }

    private func decide(_ event: Event, _ order: Order, _ route: Route) -> Decision {
        var ids: [UUID] = []
        let decision = journey.decide(tampered(event), for: order, on: route) {
            let id = UUID(uuid: uuid(random.next(), random.next()))
            ids.append(id)
            return id
        }
        if bug == .intentAfterTheCall, case .store(var next, let followup) = decision, next.progress.placement != nil {
            // The call goes out under an id that is not the one in the database.
            next.progress.placement?.attemptId = newID()
            return .store(next, followup)
        }
        return decision
    }

    /// The journey's own rules, broken.
    private func tampered(_ event: Event) -> Event {
        switch (bug, event) {
        case (.unknownMeansAbsent, .placementChecked(let check, _)) where check.finding == Open(.unknown):
            return .placementChecked(CheckResponse(.absent, evidence: ""), afterRefusal: false)
        case (.noAnswerMeansNotSent, .placement(let report)) where report.outcome == Open(.noAnswer):
            return .placement(AttemptReport(attemptId: report.attemptId, outcome: .notSent))
        case (.refusalIsNotRead, .placementChecked(_, afterRefusal: true)):
            return .placementChecked(CheckResponse(.absent, evidence: ""), afterRefusal: true)
        case (.lostPaymentIsRepeated, .paymentChecked(let check)) where check.finding == Open(.unknown):
            return .paymentChecked(CheckResponse(.absent, evidence: ""))
        case (.foreignLinesArePaid, .billRead(let bill, var growth)):
            growth.isOursAlone = true
            return .billRead(bill, growth)
        default:
            return event
        }
    }

    // MARK: - What an action does

    private func perform(_ action: Action, _ order: Order, isStale: Bool) -> Event {
        if isFaulty, chance(0.03) { return .serviceFailed(detail: "It did not answer.") }
        note("  \(action.name) for #\(order.content.orderNumber)")
        switch action {
        case .park(let obstacle):
            return .obstacle(obstacle, detail: nil)
        case .hold:
            return .held
        case .assignTable(let wish):
            return assignTable(wish, order)
        case .regainTable:
            return regainTable(order)
        case .place(let intent):
            guard let lease = order.progress.lease, allocator.pin(lease, for: order.id, now: now) else {
                return .leaseLost
            }
            let lines = charged(order)
            return write(intent.attemptId, .place(lines), order, lease.number, isStale).map(Event.placement) ?? lost
        case .pay(let payment):
            guard let lease = order.progress.lease, allocator.pin(lease, for: order.id, now: now) else {
                return .leaseLost
            }
            if paymentTypeIsMissing {
                let missing = "payment_type_missing"
                return .payment(AttemptReport(attemptId: payment.write.attemptId, outcome: .notSent, reason: missing))
            }
            let content: ModelWrite.Content =
                payment.kind == .settle ? .settle(payment.amountCents) : .deposit(payment.amountCents)
            return write(payment.write.attemptId, content, order, lease.number, isStale).map(Event.payment) ?? lost
        case .lookUpPlacement(let intent):
            return .placementLookedUp(gateway.look(up: intent.attemptId, now: now))
        case .lookUpPayment(let payment):
            return .payment(gateway.look(up: payment.write.attemptId, now: now))
        case .checkPlacement(let intent, let afterRefusal):
            if let obstacle = unreadable { return obstacle }
            if isFaulty, chance(0.1) {
                let unclear = CheckResponse(.unknown, evidence: "The bill says neither.", reason: "bill_changed")
                return .placementChecked(unclear, afterRefusal: afterRefusal)
            }
            let check = gateway.checkPlacement(intent.attemptId, order, now: now, on: register)
            if check.finding == Open(.absent) { mark(order) { $0.wasProvenAbsent = true } }
            return .placementChecked(check, afterRefusal: afterRefusal)
        case .checkPayment(let payment):
            if let obstacle = unreadable { return obstacle }
            return .paymentChecked(gateway.checkPayment(payment, order, now: now, on: register))
        case .readBill:
            if let obstacle = unreadable { return obstacle }
            guard let table = order.progress.tableNumber, let baseline = order.progress.baseline else {
                return .leaseLost
            }
            let bill = register.bill(onTable: table)
            let ours = order.content.items.map(\.billLine)
            return .billRead(bill, BillGrowth(of: bill, since: baseline, expecting: ours, mark: order.mark))
        case .releaseTable:
            if let lease = order.progress.lease { allocator.release(lease, for: order.id) }
            if order.progress.givesTableBack == true { allocator.forceRelease(order.id) }
            return .tableReleased
        }
    }

    private var lost: Event { .serviceFailed(detail: "The answer was lost.") }

    private func write(
        _ id: UUID,
        _ content: ModelWrite.Content,
        _ order: Order,
        _ table: Int,
        _ isStale: Bool
    ) -> AttemptReport? {
        if isFaulty, chance(0.05) { return nil }
        let isKnown = gateway.attempts[id] != nil
        if !isKnown, !committed.contains(id) {
            violate("#\(order.content.orderNumber) was sent before its intent was committed")
        }
        let faults = WriteFault.allCases
        let fault = isFaulty && chance(0.5) ? faults[random(0...(faults.count - 1))] : .none
        let write = ModelWrite(attemptId: id, mark: order.mark, table: table, content: content)
        let delay = random(0...ModelGateway.settleDelay)
        let report = gateway.execute(write, fault: fault, delay: delay, now: now, on: &register)
        if !isKnown, case .place = content, gateway.attempts[id]?.sentAt != nil {
            mark(order) { kept in
                if !kept.wasProvenAbsent {
                    violations.append("seed \(seed): #\(order.content.orderNumber) was sent blindly again")
                }
                kept.wasProvenAbsent = false
            }
        }
        note("    \(fault) -> \(report.map { "\($0.outcome.text) \($0.reason ?? "")" } ?? "lost")")
        return report
    }

    /// Reads meet a register that is off; the gateway then says so, once and for all who follow.
    private var unreadable: Event? {
        if gateway.status == .connected, !gateway.isRegisterUp { gateway.status = .disconnected }
        return gateway.status == .connected ? nil : .obstacle(.unreachable, detail: nil)
    }

    private func assignTable(_ wish: TableWish, _ order: Order) -> Event {
        do {
            let right = try allocator.allocate(wish, for: order.id, now: now, on: register)
            if let obstacle = unreadable { return obstacle }
            return .tableAssigned(right, baseline: register.bill(onTable: right.number))
        } catch {
            return .noTable(reason: error.reason, explanation: "It is taken.")
        }
    }

    private func regainTable(_ order: Order) -> Event {
        guard let table = order.progress.tableNumber else { return .leaseLost }
        do {
            let wish = TableWish(mode: .named, number: table)
            let right = try allocator.allocate(wish, for: order.id, now: now, on: register)
            return .tableRegained(right)
        } catch {
            return .noTable(reason: error.reason, explanation: "It is taken.")
        }
    }

    private func tell(_ letGo: Decision.LetGo, _ order: Order) -> Event? {
        if isFaulty, chance(0.03) { return .serviceFailed(detail: "The allocator did not answer.") }
        switch letGo {
        case .release(let lease): allocator.release(lease, for: order.id)
        case .surrender(let lease): allocator.surrender(lease, for: order.id, until: now + ModelGateway.settleDelay)
        case .concludePlacement: allocator.conclude(order.id)
        }
        return nil
    }

    /// The order's lines at the register's own prices, which are another now and then.
    private func charged(_ order: Order) -> [BillLine] {
        order.content.items.map { item in
            var line = item.billLine
            switch (seed + UInt64(order.content.orderNumber.count)) % 7 {
            case 0: line.unitPriceCents -= 50
            case 1: line.unitPriceCents += 50
            default: break
            }
            return line
        }
    }

    // MARK: - What others do

    private func somethingHappens() {
        guard isFaulty else { return }
        switch random(0...11) {
        case 0, 1:
            gateway.isRegisterUp.toggle()
            note("register \(gateway.isRegisterUp ? "on" : "off")")
        case 2, 3, 4:
            if gateway.isRegisterUp { testConnection() }
        case 5, 6:
            let table = [7, 8, 1, 900].randomElement(using: &random) ?? 7
            // On a fresh bill first what we never sell: before our mark was seen, only the dishes tell bills apart.
            let plu = register.bill(onTable: table).isOpen ? "1\(random(0...2))" : "19"
            register.ringUp(BillLine(plu: plu, name: "Dish", quantity: 1, unitPriceCents: 500), onTable: table)
            note("a waiter rings up on table \(table)")
        case 7:
            // Not while it is in doubt whether an order of ours stands there: then nothing could tell the two apart.
            let tables = register.tablesWithBills.filter { !isInDoubt(onTable: $0) }
            guard let table = tables.randomElement(using: &random) else { return }
            register.payByWaiter(onTable: table)
            note("a waiter takes the money of table \(table)")
        case 8:
            paymentTypeIsMissing.toggle()
        case 9:
            let inNeed = orders.indices.filter { !orders[$0].order.possibleDecisions.isEmpty }
            if let index = (inNeed.isEmpty ? Array(orders.indices) : inNeed).randomElement(using: &random) {
                aPersonActs(on: index)
            }
        case 10:
            if isPaused || chance(0.3) { togglePause() }
        default:
            break
        }
    }

    private func isInDoubt(onTable table: Int) -> Bool {
        gateway.late.contains { $0.write.table == table }
            || orders.contains { kept in
                let isPlacing = [.tableAssigned, .unclear, .parked].contains(kept.order.state)
                let mayBeThere = isPlacing && kept.order.progress.tableNumber == table
                return mayBeThere && register.marks(onTable: table).contains(kept.order.mark)
            }
    }

    /// Everything rests: a while later somebody looks after what needs a person.
    ///
    /// - Returns: Whether anything was done.
    private func peopleComeBy() -> Bool {
        advance(to: now + 40_000)
        let inNeed = orders.indices.filter {
            !orders[$0].order.possibleDecisions.isEmpty || orders[$0].order.state == .refused
        }
        let before = decisions
        for index in inNeed where chance(0.7) { aPersonActs(on: index) }
        return decisions != before
    }

    private func togglePause() {
        isPaused.toggle()
        note(isPaused ? "the location is paused" : "the location is resumed")
        for index in orders.indices {
            if isPaused, [.accepted, .waiting, .tableAssigned].contains(orders[index].order.state) {
                orders[index].generation = 0
            }
            if !isPaused, orders[index].order.progress.reason == "location_paused" { orders[index].runAt = now }
        }
    }

    /// What `OrderStore.store` does with a person's word, which is true as far as a person can see.
    private func aPersonActs(on index: Int) {
        let order = orders[index].order
        let change: PersonsChange?
        do {
            if chance(0.15) {
                if bug == .cancelIsNotAsked, order.state == .tableAssigned {
                    change = PersonsChange(order: order.cancelled(by: "a person"), action: "cancel_order")
                } else {
                    change = try order.cancelledByPerson("a person")
                }
            } else if order.possibleDecisions.isEmpty {
                change = try order.retriedByPerson()
            } else {
                change = try decision(about: order).map { try order.resolvedByPerson($0, "a person") }
            }
        } catch {
            return
        }
        guard let change else { return }
        note("#\(order.content.orderNumber) \(order.state) -> \(change.order.state): \(change.action)")
        decisions[change.action, default: 0] += 1
        if ["decide_resend", "decide_give_up"].contains(change.action) { orders[index].wasProvenAbsent = true }
        if change.action == "decide_delivered_by_hand", let table = tableWithBill(of: order) {
            register.payByWaiter(onTable: table)
        }
        orders[index].order = change.order
        orders[index].states.append(change.order.state)
        orders[index].generation = 0
        if change.isDueNow { orders[index].runAt = now }
    }

    /// What somebody finds who goes and looks; nothing while something may still arrive.
    private func decision(about order: Order) -> OrderDecision? {
        let ids = [order.progress.placement?.attemptId, order.progress.payment?.write.attemptId].compactMap { $0 }
        let isUnderWay = ids.contains { gateway.attempts[$0].map { $0.finishedAt > now } ?? false }
        guard !isUnderWay, !gateway.late.contains(where: { $0.write.mark == order.mark }) else { return nil }
        let wasPlaced = register.ledger.contains { $0.kind == .placed && $0.mark == order.mark }
        let wanted: [OrderDecision]
        if tableWithBill(of: order) != nil {
            wanted = [.settle, .deliveredByHand]
        } else {
            wanted = wasPlaced ? [.deliveredByHand] : [.resend, .giveUp]
        }
        return wanted.filter(order.possibleDecisions.contains).randomElement(using: &random)
    }

    private func tableWithBill(of order: Order) -> Int? {
        register.tablesWithBills.first { register.marks(onTable: $0).contains(order.mark) }
    }

    /// A successful test: a new epoch, and what was parked goes on.
    private func testConnection() {
        gateway.status = .connected
        gateway.epoch += 1
        note("connection test succeeds, epoch \(gateway.epoch)")
        for index in orders.indices where orders[index].order.state == .parked {
            orders[index].order.state = orders[index].order.progress.resume ?? .accepted
            orders[index].order.progress.resume = nil
            orders[index].order.progress.parkedEpoch = nil
            orders[index].runAt = now
        }
    }

    /// What waiting orders wait for: staff take the money of old bills, and somebody has freed the tables of orders
    /// that rest: unclear ones, and those a worker took a table for in its sleep.
    private func peopleTidyUp() {
        for kept in orders where kept.runAt == nil { allocator.forceRelease(kept.order.id) }
        for table in register.tablesWithBills { register.payByWaiter(onTable: table) }
    }

    private func crashes() -> Bool {
        guard isFaulty, chance(0.03) else { return false }
        note("the worker dies")
        laneFreeAt = now + random(0...2_000)
        return true
    }

    // MARK: - Judging

    private func judge() {
        for kept in orders {
            let order = kept.order
            let name = "#\(order.content.orderNumber) (\(order.state.rawValue))"
            let mine = register.ledger.filter { $0.mark == order.mark }
            let placed = mine.filter { $0.kind == .placed }
            let payments = mine.filter { $0.kind == .settled || $0.kind == .deposited }
            if placed.count > 1 { violate("\(name) is on the register \(placed.count) times") }
            if payments.count > 1 { violate("\(name) was paid \(payments.count) times") }
            if payments.contains(where: { $0.kind == .settled && $0.owners != [order.mark] }) {
                violate("\(name) paid for lines of others")
            }
            switch order.state {
            case .delivered:
                if placed.count != 1 { violate("\(name) is not on the register") }
                let isPaid = register.ledger.contains { $0.owners.contains(order.mark) || $0 == payments.first }
                if !isPaid { violate("\(name) is not paid") }
            case .refused, .cancelled:
                if !placed.isEmpty { violate("\(name) is on the register") }
                if kept.runAt != nil { violate("\(name) never rests") }
                if order.hasTableToGiveBack { violate("\(name) keeps a table") }
            case .unclear, .placedUnsettled:
                if order.progress.reason == nil { violate("\(name) gives no reason") }
                if kept.runAt != nil { violate("\(name) never rests") }
            case .accepted, .tableAssigned, .placed, .billRead, .settled, .parked, .waiting, .expired:
                violate("\(name) is stuck: \(order.progress.reason ?? "no reason")")
            }
            if let placedAt = kept.states.firstIndex(of: .placed), kept.states[placedAt...].contains(.refused) {
                violate("\(name) was refused after it was placed")
            }
        }
    }

    var outcomes: [OrderState] { orders.map(\.order.state) }
    var reasons: [String] { orders.map { "\($0.order.state.rawValue) \($0.order.progress.reason ?? "")" } }

    // MARK: - Chance

    private func chance(_ probability: Double) -> Bool {
        Double.random(in: 0..<1, using: &random) < probability
    }

    private func random(_ range: ClosedRange<Int>) -> Int {
        Int.random(in: range, using: &random)
    }

    private func newID() -> UUID {
        UUID(uuid: uuid(random.next(), random.next()))
    }

    private func mark(_ order: Order, _ change: (inout Kept) -> Void) {
        guard let index = orders.firstIndex(where: { $0.order.id == order.id }) else { return }
        var kept = orders[index]
        change(&kept)
        orders[index] = kept
    }

    private func violate(_ what: String) {
        violations.append("seed \(seed): \(what)")
    }

    private func note(_ what: @autoclosure () -> String) {
        trace.append("\(now) \(what())")
    }
}

private func uuid(_ high: UInt64, _ low: UInt64) -> uuid_t {
    func byte(_ word: UInt64, _ place: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: word >> (place * 8)) }
    return (
        byte(high, 0), byte(high, 1), byte(high, 2), byte(high, 3), byte(high, 4), byte(high, 5), byte(high, 6),
        byte(high, 7), byte(low, 0), byte(low, 1), byte(low, 2), byte(low, 3), byte(low, 4), byte(low, 5), byte(low, 6),
        byte(low, 7)
    )
}
