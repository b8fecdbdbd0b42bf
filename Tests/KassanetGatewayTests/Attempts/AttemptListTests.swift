import Contracts
import Foundation
import KassanetSimulator
import Postgres
import RPC
import Testing

@testable import KassanetGateway

@Suite("Attempts as they were kept", .timeLimit(.minutes(5)), .serialized)
struct AttemptListTests {
    private static let guest = Guest(name: "Zoë Maes", phone: "+32 470 11 22 33", email: "zoe@example.com")

    @Test("What was sent and what was answered are kept, the guest masked")
    func requestAndAnswerAreKept() async throws {
        try await GatewayBed.with { bed in
            try await bed.connect()
            var order = PosOrder.sample(guest: Self.guest)
            order.note = "Zoë waits outside, no nuts"
            order.items[0].note = "for Zoë"
            let request = Place.first.place(order)
            let told = try await bed.service.placeOrder(request, bed.context())
            let detail = try #require(try await list(bed, [request.attemptId]).first)
            #expect(detail.operation.knownValue == .placeOrder)
            #expect(detail.outcome.knownValue == .done)
            #expect(detail.nextAction == nil)
            #expect(detail.requestId == told.requestId)
            #expect(detail.sends == 1)
            #expect(detail.httpStatus == 200)
            #expect(detail.durationMs != nil)
            #expect(try #require(detail.finishedAt) >= detail.startedAt)
            let sent = try #require(detail.request)
            #expect(sent.contains(#""TableText":"Kiosk #1042 u7f3k9 | *** | *** | ***""#))
            #expect(sent.contains(#""OrderInfoText":"***""#))
            #expect(sent.contains(#""InfoText":"***""#))
            for word in ["Zo", "nuts", "470", "example.com"] { #expect(!sent.contains(word)) }
            #expect(sent.contains(#""ArticleId":101"#))
            #expect(detail.answer?.contains(#""IsSuccessStatusCode":true"#) == true)
        }
    }

    @Test("A refusal is kept with the register's answer and who has to act; what it quotes of the guest is not")
    func refusalIsKept() async throws {
        try await GatewayBed.with { bed in
            try await bed.connect()
            await bed.register.add(.init(.refuse, on: "CreateOrder", message: "No table for zoe@example.com"))
            let request = Place.first.place(.sample(guest: Self.guest))
            _ = try await bed.service.placeOrder(request, bed.context())
            let detail = try #require(try await list(bed, [request.attemptId]).first)
            #expect(detail.outcome.knownValue == .refused)
            #expect(detail.nextAction?.knownValue == .fixRequest)
            #expect(detail.registerMessage == "No table for ***")
            #expect(detail.answer?.contains(#""ErrorMessage":"No table for ***""#) == true)
        }
    }

    @Test("Part of a guest's name, and what a register says stands on a table, are not kept either")
    func partsOfANameAreMasked() {
        let words = PosOrder.sample(guest: Self.guest).privateWords
        #expect("Klant Maes (zoë) heeft Maestro".cleaned(of: words) == "Klant *** (***) heeft Maestro")
        let answer = WireValue.members(
            ("ErrorMessage", .string("zoe@example.com is known")),
            ("Bill", .array([.members((" TableText", .string("Kiosk #9 | Grace Hopper")))]))
        )
        let kept = AttemptText.answer(answer, without: .none)
        #expect(!kept.contains("Grace"))
        #expect(kept.contains("zoe@example.com"))
        #expect(!AttemptText.answer(answer, without: words).contains("zoe"))
        #expect(PosOrder.sample(guest: nil).privateWords == .none)
    }

    @Test("A payment is kept with its type, also where the register had to be asked for it")
    func paymentIsKept() async throws {
        try await GatewayBed.with { bed in
            try await bed.connect(paymentType: nil)
            _ = try await bed.service.placeOrder(Place.first.place(), bed.context())
            let deposit = Place.first.pay(100)
            let payment = Place.first.pay(400)
            _ = try await bed.service.postDeposit(deposit, bed.context())
            _ = try await bed.service.settleBill(payment, bed.context())
            let details = try await list(bed, [payment.attemptId, deposit.attemptId])
            #expect(details.map(\.operation.knownValue) == [.postDeposit, .settleBill])
            for (detail, amount) in zip(details, ["1.00", "4.00"]) {
                #expect(detail.request?.contains(#"{"Number":9,"Name":"Webshop","Amount":\#(amount)}"#) == true)
            }
        }
    }

    @Test("An order too long to keep whole is kept in part, as JSON that says so")
    func longRequestsAreBounded() async throws {
        try await GatewayBed.with { bed in
            try await bed.connect()
            let items = (0..<200).map { _ in OrderItem(plu: "101", name: "Coffee \"noir\" é", unitPriceCents: 250) }
            let request = Place.first.place(.sample(items: items))
            #expect(try await bed.service.placeOrder(request, bed.context()).outcome.knownValue == .done)
            let kept = try #require(try await list(bed, [request.attemptId]).first?.request)
            #expect(kept.utf8.count <= 4096)
            let object = try JSONSerialization.jsonObject(with: Data(kept.utf8)) as? [String: String]
            #expect(object?["truncated"]?.hasPrefix(#"{"TableNumber":901"#) == true)
        }
    }

    @Test(
        "Ids of other merchants and locations, and unknown ones, are left out and leave no row",
        arguments: [Place.elsewhere, .second]
    )
    func attemptsAreTheirOwners(_ other: Place) async throws {
        try await GatewayBed.with { bed in
            try await bed.connect()
            try await bed.connect(other)
            let mine = Place.first.place()
            let theirs = other.place(table: 902)
            _ = try await bed.service.placeOrder(mine, bed.context())
            _ = try await bed.service.placeOrder(theirs, bed.context())
            let found = try await list(bed, [mine.attemptId, theirs.attemptId, UUID()])
            #expect(found.map(\.attemptId) == [mine.attemptId])
            #expect(try await bed.postgres.query("SELECT 1 FROM attempts").count == 2)
        }
    }

    @Test("From 1 to 100 ids are taken", arguments: [0, 101])
    func numberOfIDsIsBounded(_ count: Int) async throws {
        try await GatewayBed.with { bed in
            let error = await rpcError { _ = try await list(bed, (0..<count).map { _ in UUID() }) }
            #expect(error?.fields.map(\.field) == ["attemptIds"])
        }
    }

    @Test("An attempt under way is in progress, one whose sender is gone has no answer")
    func unfinishedAttempts() async throws {
        try await GatewayBed.with { bed in
            try await bed.connect()
            let gone = Intent(Place.first.place())
            _ = try await AttemptStore(pool: bed.postgres, instance: UUID()).begin(gone)
            await bed.register.add(.init(.slow, on: "CreateOrder", delayMs: 60_000))
            let request = Place.first.place()
            async let placed = bed.service.placeOrder(request, bed.context())
            try await bed.register.waitForRequest(endpoint: "CreateOrder")
            let details = try await list(bed, [gone.attemptID, request.attemptId])
            #expect(details.map(\.outcome.knownValue) == [.noAnswer, .inProgress])
            #expect(details.map { $0.nextAction?.knownValue } == [.wait, .wait])
            bed.register.endSlowness()
            #expect(try await placed.outcome.knownValue == .done)
        }
    }

    private func list(_ bed: GatewayBed, _ ids: [UUID]) async throws -> [AttemptDetail] {
        let request = ListAttemptsRequest(
            merchantId: Place.first.merchant,
            locationId: Place.first.location,
            attemptIds: ids
        )
        return try await bed.service.listAttempts(request, bed.context()).attempts
    }
}
