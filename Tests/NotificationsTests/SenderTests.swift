import Contracts
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Postgres
import RPC
import ReceiverBed
import Secrets
import ServiceLifecycleTestKit
import TestBed
import Testing

@testable import Notifications

/// Notifications on their way to subscribers over HTTP.
@Suite(.timeLimit(.minutes(5))) struct SenderTests {
    private func delivery(_ bed: OutboxBed) async throws -> DeliveryView? { try await bed.deliveries().first }

    @Test("A notification is signed, says what happened, and is delivered once")
    func delivered() async throws {
        try await WebhookReceiver.with { receiver in
            try await OutboxBed.with { bed in
                let subscriber = OutboxBed.subscriber(url: receiver.url)
                try await bed.sending(OutboxBed.settings([subscriber])) { sender in
                    try await bed.add(7)
                    sender.wake()
                    try await until("delivered") { try await self.delivery(bed)?.state == Open(.delivered) }
                }
                let arrival = try #require(receiver.arrivals.first)
                #expect(receiver.arrivals.count == 1)
                #expect(arrival.isSigned(by: OutboxBed.secret))
                #expect(!arrival.isSigned(by: "whsec_\(Data(repeating: 9, count: 24).base64EncodedString())"))
                let age = Date().timeIntervalSince1970 - (Double(arrival.timestamp) ?? 0)
                #expect((-1...60).contains(age))
                let told = try RPCCoding.decode(PostedNotification<MenuReloadEvent>.self, from: arrival.body)
                #expect(told.type == Open(.menuReload))
                #expect(told.data == OutboxBed.event(7))
                let delivery = try #require(try await delivery(bed))
                #expect(arrival.id == delivery.eventId.uuidString.lowercased())
                #expect(abs(told.timestamp.timeIntervalSince(delivery.occurredAt)) < 0.001)
                #expect(delivery.attempts == 1)
                #expect(delivery.log.map(\.status) == [200])
                #expect(delivery.nextAttemptAt == nil)
                #expect(delivery.endedAt != nil)
            }
        }
    }

    @Test("While one secret replaces another, a receiver that knows either of them accepts")
    func rotation() async throws {
        try await WebhookReceiver.with { receiver in
            try await OutboxBed.with { bed in
                let next = "whsec_\(Data(repeating: 5, count: 32).base64EncodedString())"
                let subscriber = OutboxBed.subscriber(url: receiver.url, secrets: [OutboxBed.secret, next])
                try await bed.sending(OutboxBed.settings([subscriber])) { _ in
                    try await bed.add()
                    try await until("delivered") { try await self.delivery(bed)?.state == Open(.delivered) }
                }
                let arrival = try #require(receiver.arrivals.first)
                #expect(arrival.isSigned(by: OutboxBed.secret))
                #expect(arrival.isSigned(by: next))
            }
        }
    }

    @Test("What is not taken is tried again under the same id, with the pauses of the schedule")
    func retried() async throws {
        try await WebhookReceiver.with { receiver in
            receiver.answers { _, time in time < 3 ? .status(500, body: "no disk left") : .ok }
            try await OutboxBed.with { bed in
                let pauses: [Duration] = [.milliseconds(200), .milliseconds(400)]
                let settings = OutboxBed.settings([OutboxBed.subscriber(url: receiver.url)], pauses: pauses)
                try await bed.sending(settings) { _ in
                    try await bed.add()
                    try await until("delivered") { try await self.delivery(bed)?.state == Open(.delivered) }
                }
                #expect(receiver.arrivals.count == 3)
                #expect(Set(receiver.arrivals.map(\.id)).count == 1)
                #expect(receiver.arrivals.allSatisfy { $0.isSigned(by: OutboxBed.secret) })
                let delivery = try #require(try await delivery(bed))
                #expect(delivery.log.map(\.status) == [500, 500, 200])
                #expect(delivery.log[0].error == "It answered with the status 500. no disk left")
                // A fifth less than the pause is the least, by jitter.
                let times = delivery.log.map(\.at)
                #expect(times[1].timeIntervalSince(times[0]) >= 0.159)
                #expect(times[2].timeIntervalSince(times[1]) >= 0.319)
            }
        }
    }

    @Test("After the last pause of the schedule it is given up, with a warning")
    func gaveUp() async throws {
        try await WebhookReceiver.with { receiver in
            receiver.answers { _, _ in .status(503) }
            try await OutboxBed.with { bed in
                let logs = CapturedLogs()
                let settings = OutboxBed.settings([OutboxBed.subscriber(url: receiver.url)])
                try await bed.sending(settings, logger: logs.logger) { _ in
                    try await bed.add()
                    try await until("given up") { try await self.delivery(bed)?.state == Open(.gaveUp) }
                }
                #expect(receiver.arrivals.count == settings.pauses.count + 1)
                #expect(logs.lines.contains { $0.hasPrefix("warning Notification given up") && $0.contains("kitchen") })
                #expect(try await delivery(bed)?.nextAttemptAt == nil)
            }
        }
    }

    @Test("A subscriber that answers 410 is not asked again")
    func gone() async throws {
        try await WebhookReceiver.with { receiver in
            receiver.answers { _, _ in .status(410) }
            try await OutboxBed.with { bed in
                try await bed.sending(OutboxBed.settings([OutboxBed.subscriber(url: receiver.url)])) { _ in
                    try await bed.add()
                    try await until("given up") { try await self.delivery(bed)?.state == Open(.gaveUp) }
                }
                #expect(receiver.arrivals.count == 1)
            }
        }
    }

    @Test("A redirect is not followed and counts as not taken")
    func redirect() async throws {
        try await WebhookReceiver.with { elsewhere in
            try await WebhookReceiver.with { receiver in
                let target = elsewhere.url
                receiver.answers { _, _ in
                    WebhookReceiver.Answer(status: .temporaryRedirect, headers: [.location: target])
                }
                try await OutboxBed.with { bed in
                    try await bed.sending(OutboxBed.settings([OutboxBed.subscriber(url: receiver.url)])) { _ in
                        try await bed.add()
                        try await until("given up") { try await self.delivery(bed)?.state == Open(.gaveUp) }
                    }
                    #expect(try await delivery(bed)?.log.map(\.status) == [307, 307, 307])
                }
                #expect(elsewhere.arrivals.isEmpty)
            }
        }
    }

    @Test("A subscriber that is down, and one that hangs, hold up nobody else")
    func neighbours() async throws {
        try await WebhookReceiver.with { healthy in
            try await WebhookReceiver.with { hanging in
                let gate = WebhookReceiver.Gate()
                hanging.answers { _, _ in WebhookReceiver.Answer(gate: gate) }
                try await OutboxBed.with { bed in
                    let settings = OutboxBed.settings(
                        [
                            // Nobody listens on the discard port here.
                            OutboxBed.subscriber("dead"), OutboxBed.subscriber("hanging", url: hanging.url),
                            OutboxBed.subscriber("healthy", url: healthy.url),
                        ],
                        pauses: [.seconds(3600)],
                        // Longer than the test waits for the healthy one: it cannot be told after a time-out.
                        timeout: .seconds(600)
                    )
                    try await bed.sending(settings) { sender in
                        for number in 1...40 { try await bed.add(number) }
                        sender.wake()
                        try await until("all delivered to the healthy one") {
                            Set(healthy.arrivals.map(\.id)).count == 40
                        }
                        try await until("the dead one was tried") {
                            try await bed.deliveries().contains { $0.subscriber.rawValue == "dead" && !$0.log.isEmpty }
                        }
                        try await until("the hanging one is full") { hanging.arrivals.count == 4 }
                        gate.open()
                    }
                    // Only as many at once as one subscriber may have.
                    #expect(hanging.mostInFlight <= 4)
                    #expect(healthy.mostInFlight <= 4)
                    let states = try await bed.deliveries().filter { $0.subscriber.rawValue == "dead" }.map(\.state)
                    #expect(states.allSatisfy { $0 == Open(.pending) })
                }
            }
        }
    }

    @Test("A subscriber that does not answer in time was not told, and is told again")
    func timeout() async throws {
        try await WebhookReceiver.with { receiver in
            let gate = WebhookReceiver.Gate()
            receiver.answers { _, time in time == 1 ? WebhookReceiver.Answer(gate: gate) : .ok }
            try await OutboxBed.with { bed in
                let settings = OutboxBed.settings(
                    [OutboxBed.subscriber(url: receiver.url)],
                    pauses: Array(repeating: .milliseconds(10), count: 20),
                    timeout: .seconds(2)
                )
                try await bed.sending(settings) { _ in
                    try await bed.add()
                    try await until("delivered") { try await self.delivery(bed)?.state == Open(.delivered) }
                }
                gate.open()
                let log = try #require(try await delivery(bed)?.log)
                // On a busy machine the second answer may be late as well.
                #expect(log.count >= 2)
                #expect(log.dropLast().allSatisfy { $0.status == nil })
                #expect(log.first?.error == "There was no answer within 2000 ms.")
                #expect(log.last?.status == 200)
            }
        }
    }

    @Test("Of an endless answer only the beginning is read, and a short prefix is kept")
    func endless() async throws {
        try await WebhookReceiver.with { receiver in
            receiver.answers { _, time in
                guard time == 1 else { return .ok }
                let endless = AsyncStream { ByteBuffer(repeating: UInt8(ascii: "x"), count: 1024) }
                return WebhookReceiver.Answer(status: .badRequest, body: ResponseBody(asyncSequence: endless))
            }
            try await OutboxBed.with { bed in
                try await bed.sending(OutboxBed.settings([OutboxBed.subscriber(url: receiver.url)])) { _ in
                    try await bed.add()
                    try await until("delivered") { try await self.delivery(bed)?.state == Open(.delivered) }
                }
                let error = try #require(try await delivery(bed)?.log.first?.error)
                #expect(error.hasPrefix("It answered with the status 400. xxx"))
                #expect(error.utf8.count < 300)
            }
        }
    }

    @Test("An answer that repeats the address is kept without it, however it is written there")
    func repeatedAddress() async throws {
        try await WebhookReceiver.with { receiver in
            let padding = String(repeating: "x", count: 160)
            receiver.answers { arrival, _ in
                .status(
                    404,
                    body: "Cannot POST \(arrival.path) tell%2Dnobody hush&#x2F;tell-nobody \(padding) tell-nobody"
                )
            }
            try await OutboxBed.with { bed in
                let logs = CapturedLogs()
                let url = receiver.url + "/tell%2Dnobody?key=hush"
                let settings = OutboxBed.settings([OutboxBed.subscriber(url: url)])
                try await bed.sending(settings, logger: logs.logger) { _ in
                    try await bed.add()
                    try await until("given up") { try await self.delivery(bed)?.state == Open(.gaveUp) }
                }
                let error = try #require(try await delivery(bed)?.log.first?.error)
                #expect(error.hasPrefix("It answered with the status 404. Cannot POST /***/***"))
                for text in logs.lines + [error] {
                    for secret in ["tell", "nobody", "hush"] { #expect(!text.contains(secret)) }
                }
            }
        }
    }

    @Test("Where no encrypted connection comes about, the log points at the certificate")
    func noHandshake() async throws {
        try await WebhookReceiver.with { receiver in
            try await OutboxBed.with { bed in
                let url = receiver.url.replacing("http://", with: "https://")
                try await bed.sending(OutboxBed.settings([OutboxBed.subscriber(url: url)])) { _ in
                    try await bed.add()
                    try await until("given up") { try await self.delivery(bed)?.state == Open(.gaveUp) }
                }
                let error = try #require(try await delivery(bed)?.log.first?.error)
                #expect(error.contains("certificate"))
                #expect(receiver.arrivals.isEmpty)
            }
        }
    }

    @Test("Two senders share the work, and each notification is sent once")
    func replicas() async throws {
        try await WebhookReceiver.with { receiver in
            try await OutboxBed.with { bed in
                let settings = OutboxBed.settings([OutboxBed.subscriber(url: receiver.url)])
                try await bed.sending(settings) { first in
                    try await bed.sending(settings) { second in
                        for number in 1...100 { try await bed.add(number) }
                        first.wake()
                        second.wake()
                        try await until("all delivered") {
                            try await bed.deliveries().allSatisfy { $0.state == Open(.delivered) }
                        }
                    }
                }
                #expect(receiver.arrivals.count == 100)
                #expect(Set(receiver.arrivals.map(\.id)).count == 100)
            }
        }
    }

    @Test("What a killed sender had in hand is sent again under the same id, and its late end changes nothing")
    func killed() async throws {
        try await WebhookReceiver.with { receiver in
            try await OutboxBed.with { bed in
                let subscriber = OutboxBed.subscriber(url: receiver.url)
                try await bed.store.sync([subscriber])
                try await bed.add()
                // A sender took it, and nothing more was heard of that sender.
                let lost = try #require(
                    try await bed.store.claim(subscriber, limit: 1, lease: .milliseconds(400)).first
                )
                try await bed.sending(OutboxBed.settings([subscriber])) { sender in
                    sender.wake()
                    try await until("delivered") { try await self.delivery(bed)?.state == Open(.delivered) }
                }
                #expect(receiver.arrivals.map(\.id) == [lost.eventID.uuidString.lowercased()])
                #expect(receiver.arrivals.map(\.body) == [lost.body])
                let delivery = try #require(try await delivery(bed))
                #expect(delivery.attempts == 2)
                let late = DeliveryStore.Ending(
                    state: .gaveUp,
                    pause: .zero,
                    entry: DeliveryLogEntry(at: Date(), error: "late")
                )
                #expect(try await !bed.store.end(lost, of: subscriber, late))
                #expect(try await self.delivery(bed) == delivery)
            }
        }
    }

    @Test("A delivery in hand is nobody else's before its lease is over, and only its last attempt may end it")
    func lease() async throws {
        try await OutboxBed.with { bed in
            let subscriber = OutboxBed.subscriber()
            try await bed.store.sync([subscriber])
            try await bed.add()
            let first = try #require(try await bed.store.claim(subscriber, limit: 9, lease: .seconds(60)).first)
            #expect(try await bed.store.claim(subscriber, limit: 9, lease: .seconds(60)).isEmpty)
            try await bed.pool.execute("UPDATE notification_deliveries SET leased_until = now() - interval '1 second'")
            let second = try #require(try await bed.store.claim(subscriber, limit: 9, lease: .seconds(60)).first)
            #expect((first.attempt, second.attempt) == (1, 2))
            let ending = DeliveryStore.Ending(
                state: .delivered,
                pause: .zero,
                entry: DeliveryLogEntry(at: Date(), status: 200)
            )
            #expect(try await !bed.store.end(first, of: subscriber, ending))
            #expect(try await delivery(bed)?.state == Open(.pending))
            #expect(try await bed.store.end(second, of: subscriber, ending))
            #expect(try await delivery(bed)?.state == Open(.delivered))
        }
    }

    @Test("A graceful stop lets an attempt under way end, and begins no other")
    func stopping() async throws {
        try await WebhookReceiver.with { receiver in
            let gate = WebhookReceiver.Gate()
            receiver.answers { _, _ in WebhookReceiver.Answer(gate: gate) }
            try await OutboxBed.with { bed in
                let settings = OutboxBed.settings([OutboxBed.subscriber(url: receiver.url)], concurrency: 1)
                try await bed.store.sync(settings.subscribers)
                let sender = NotificationSender(pool: bed.pool, settings: settings, logger: OutboxBed.logger)
                try await testGracefulShutdown { stop in
                    defer { stop.triggerGracefulShutdown() }
                    let running = Task { try await sender.run() }
                    try await bed.add(1)
                    try await bed.add(2)
                    try await until("one is under way") { receiver.arrivals.count == 1 }
                    // The answer comes when the sender has heard that it is to stop.
                    stop.triggerGracefulShutdown()
                    gate.open()
                    try await running.value
                }
                #expect(receiver.arrivals.count == 1)
                #expect(try await bed.deliveries().map(\.state) == [Open(.delivered), Open(.pending)])
            }
        }
    }

    @Test("Neither a secret nor an address stands in any line of the log, whatever goes wrong")
    func secretsStayOut() async throws {
        try await WebhookReceiver.with { receiver in
            receiver.answers { _, time in time == 1 ? .status(500) : .status(410) }
            try await OutboxBed.with { bed in
                let logs = CapturedLogs()
                let settings = OutboxBed.settings(
                    [
                        OutboxBed.subscriber("a", url: receiver.url + "?token=tell-nobody"),
                        OutboxBed.subscriber("b", url: "http://127.0.0.1:9/tell-nobody"),
                        OutboxBed.subscriber("c", url: "http://no-such-host.invalid/tell-nobody"),
                    ],
                    // Some machines take long to find out that there is no such host.
                    timeout: .seconds(5)
                )
                try await bed.sending(settings, logger: logs.logger) { _ in
                    try await bed.add()
                    try await until("all given up") {
                        try await bed.deliveries().allSatisfy { $0.state == Open(.gaveUp) }
                    }
                }
                let errors = try await bed.deliveries().flatMap(\.log).compactMap(\.error)
                #expect(errors.count >= 6)
                #expect(logs.lines.count { $0.contains("Notification given up") } == 3)
                for text in logs.lines + errors + ["\(settings)"] {
                    #expect(!text.contains("tell-nobody"))
                    #expect(!text.contains("MfKQ9r8GKYqr"))
                }
            }
        }
    }
}
