import Testing

@testable import KassanetSimulator

@Suite struct FaultTests {
    private static let order = TestRequest.post("CreateOrder", Bodies.coffees())

    /// What one CreateOrder got back under a fault, and what it left behind.
    private func place(
        _ fault: RegisterFault,
        limit: Int = .max
    ) async throws -> (answer: RawAnswer, effects: [LedgerEntry], violations: Int) {
        try await withRegister { register in
            await register.add(fault)
            let answer = try await register.send(Self.order, limit: limit)
            return (answer, await register.ledger, await register.violations.count)
        }
    }

    @Test func aRefusalHasAMessageAndNoEffect() async throws {
        let (answer, effects, _) = try await place(RegisterFault(.refuse, on: "CreateOrder", message: "Kitchen closed"))
        #expect(answer.status == 200)
        #expect(answer.opened?.ascii == #"{"IsSuccessStatusCode":false,"ErrorMessage":"Kitchen closed"}"#)
        #expect(effects.isEmpty)
    }

    @Test(arguments: zip([RegisterFault.Kind.neverAnswer, .effectNeverAnswer], [0, 1]))
    func aCallThatIsNeverAnsweredStaysOpen(kind: RegisterFault.Kind, effects: Int) async throws {
        try await withRegister { register in
            await register.add(RegisterFault(kind, on: "CreateOrder"))
            async let answer = register.send(Self.order)
            try await register.waitForRequest(endpoint: "CreateOrder")
            #expect(await register.ledger.count == effects)
            // Only losing its power ends that connection.
            try await register.setPower(on: false)
            #expect(try await answer == RawAnswer(bytes: [], ending: .reset))
        }
    }

    @Test(arguments: zip([RegisterFault.Kind.resetBeforeEffect, .effectThenReset], [0, 1]))
    func aConnectionIsResetAfterTheWholeRequest(kind: RegisterFault.Kind, effects: Int) async throws {
        let (answer, ledger, _) = try await place(RegisterFault(kind, on: "CreateOrder"))
        #expect(answer == RawAnswer(bytes: [], ending: .reset))
        #expect(ledger.count == effects)
    }

    @Test func aConnectionMayAlsoEndInPeace() async throws {
        let (answer, ledger, _) = try await place(
            RegisterFault(.effectThenReset, on: "CreateOrder", connection: .close)
        )
        #expect(answer == RawAnswer(bytes: [], ending: .closed))
        #expect(ledger.count == 1)
    }

    @Test func aLateEffectLandsAfterTheCallerHasGone() async throws {
        try await withRegister { register async throws in
            await register.add(RegisterFault(.lateEffect, on: "CreateOrder", delayMs: 3_600_000, connection: .reset))
            #expect(try await register.send(Self.order).ending == .reset)
            #expect(await register.ledger.isEmpty)
            #expect(await register.bill(table: 12) == nil)
            await register.landLateEffects()
            #expect(await register.ledger.map(\.late) == [true])
            #expect(await register.bill(table: 12)?.paymentCents == 500)
        }
    }

    @Test func aLateEffectLandsByItself() async throws {
        try await withRegister { register async throws in
            await register.add(RegisterFault(.lateEffect, on: "CreateOrder", delayMs: 20, connection: .close))
            #expect(try await register.send(Self.order).ending == .closed)
            #expect(try await register.waitFor(effect: .orderCreated).first?.late == true)
        }
    }

    @Test func aSlowCallHasItsEffectBeforeItsAnswer() async throws {
        try await withRegister { register in
            await register.add(RegisterFault(.slow, on: "CreateOrder", delayMs: 150))
            let clock = ContinuousClock()
            let start = clock.now
            async let answer = register.send(Self.order)
            try await register.waitFor(effect: .orderCreated)
            #expect(try await answer.opened == ["IsSuccessStatusCode": .bool(true)])
            #expect(clock.now - start >= .milliseconds(150))
        }
    }

    @Test(arguments: [408, 500, 502, 503, 504])
    func aStatusComesWithOrWithoutTheEffect(status: Int) async throws {
        let without = try await place(RegisterFault(.status, on: "CreateOrder", status: status))
        #expect(without.answer.status == status)
        #expect(without.effects.isEmpty)
        let with = try await place(RegisterFault(.statusWithEffect, on: "CreateOrder", status: status))
        #expect(with.answer.status == status)
        #expect(with.effects.count == 1)
    }

    @Test(arguments: [true, false])
    func anUnreadableAnswerHidesWhetherThereWasAnEffect(effect: Bool) async throws {
        for kind in [RegisterFault.Kind.garbage, .badLength, .wrongKey] {
            let (answer, ledger, _) = try await place(RegisterFault(kind, on: "CreateOrder", effect: effect))
            #expect(answer.status == 200)
            #expect(answer.opened == nil, "\(kind)")
            #expect(ledger.count == (effect ? 1 : 0))
        }
    }

    @Test func aPlainAnswerIsJSONThoughEncryptionIsOn() async throws {
        let (answer, effects, _) = try await place(RegisterFault(.plain, on: "CreateOrder"))
        #expect(answer.plain == ["IsSuccessStatusCode": .bool(true)])
        #expect(effects.count == 1)
    }

    @Test func aTruncatedAnswerIsShorterThanItSays() async throws {
        let (answer, effects, _) = try await place(RegisterFault(.truncated, on: "CreateOrder"))
        #expect(answer.head.contains("Content-Length: 44"))
        #expect(answer.body.count == 22)
        #expect(effects.count == 1)
    }

    @Test func aDripArrivesWholeInTheEnd() async throws {
        let (answer, effects, _) = try await place(RegisterFault(.drip, on: "CreateOrder", delayMs: 1))
        #expect(answer.opened == ["IsSuccessStatusCode": .bool(true)])
        #expect(effects.count == 1)
    }

    @Test func aHugeAnswerEndsWhenTheCallerLeaves() async throws {
        let (answer, _, _) = try await place(RegisterFault(.huge, on: "CreateOrder"), limit: 5_000_000)
        #expect(answer.ending == .leftByCaller)
        #expect(answer.bytes.count >= 5_000_000)
    }

    @Test func aRedirectPointsElsewhere() async throws {
        let (answer, effects, _) = try await place(
            RegisterFault(.redirect, on: "CreateOrder", location: "http://127.0.0.1:1/")
        )
        #expect(answer.status == 302)
        #expect(answer.head.contains("Location: http://127.0.0.1:1/"))
        #expect(effects.isEmpty)
    }

    @Test func aWaiterTakesTheTableJustBeforeTheOrder() async throws {
        let (answer, effects, _) = try await place(RegisterFault(.tableTaken, on: "CreateOrder", articleId: 103))
        #expect(answer.opened == ["IsSuccessStatusCode": .bool(true)])
        #expect(effects.map(\.effect) == [.waiterAdded, .orderCreated])
        #expect(effects.map(\.amountCents) == [1400, 500])
    }

    @Test func aWaiterAddsALineJustBeforeThePayment() async throws {
        try await withRegister { register in
            _ = try await register.send(Self.order)
            await register.add(RegisterFault(.waiterAdds, on: "PayBill"))
            let answer = try await register.send(.post("PayBill", Bodies.payment("5.00")))
            #expect(answer.opened?["ErrorMessage"]?.text == "The amount 5.00 is not the bill's 7.50")
            #expect(await register.bill(table: 12)?.paymentCents == 750)
        }
    }

    @Test func anAnswerMayBeAnything() async throws {
        let (answer, effects, _) = try await place(
            RegisterFault(.answer, on: "CreateOrder", effect: false, message: #"{" IsSuccessStatusCode ":"true"}"#)
        )
        #expect(answer.opened == [" IsSuccessStatusCode ": .string("true")])
        #expect(effects.isEmpty)
    }

    @Test func aFaultSkipsThenStrikesThenIsUsedUp() {
        var script = FaultScript()
        script.add(RegisterFault(.refuse, on: "PayBill", times: 2, skip: 1))
        script.add(RegisterFault(.slow, on: "*", times: 0))
        #expect(script.next(for: "CreateOrder")?.kind == .slow)
        let met = (0..<4).map { _ in script.next(for: "PayBill")?.kind }
        #expect(met == [nil, .refuse, .refuse, .slow])
        script.clear()
        #expect(script.next(for: "PayBill") == nil)
    }

    @Test func aRequestThatBreaksARuleUsesNoFaultUp() async throws {
        try await withRegister { register async throws in
            await register.add(RegisterFault(.refuse, on: "test"))
            var unsigned = TestRequest.get("test")
            unsigned.set("Signature", nil)
            #expect(try await register.send(unsigned).status == 401)
            #expect(await register.faults.count == 1)
        }
    }
}
