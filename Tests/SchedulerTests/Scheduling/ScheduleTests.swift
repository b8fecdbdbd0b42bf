import Contracts
import Foundation
import Testing

@testable import Scheduler

/// When something is due, without a database.
@Suite struct ScheduleTests {
    @Test("Of the due times that passed, the newest has a turn, and the others are counted")
    func missedTurns() {
        let minute = Schedule.every(.seconds(60))
        #expect(
            minute.turn(planned: instant("2026-11-21T12:00:00Z"), now: instant("2026-11-21T12:00:59Z"), dice: .loaded)
                == Turn(
                    due: instant("2026-11-21T12:00:00Z"),
                    next: instant("2026-11-21T12:01:00Z"),
                    missed: 0
                )
        )
        #expect(
            minute.turn(planned: instant("2026-11-21T12:00:00Z"), now: instant("2026-11-22T12:00:30Z"), dice: .loaded)
                == Turn(
                    due: instant("2026-11-22T12:00:00Z"),
                    next: instant("2026-11-22T12:01:00Z"),
                    missed: 1440
                )
        )
    }

    @Test("After three days, and after three years, one daily turn is due: the newest")
    func missedDays() throws {
        let daily = Schedule.daily(try #require(DailyTime("05:00", zone: "Europe/Brussels")))
        let turn = daily.turn(
            planned: instant("2026-11-18T04:00:00Z"),
            now: instant("2026-11-21T12:00:00Z"),
            dice: .loaded
        )
        let expected = Turn(due: instant("2026-11-21T04:00:00Z"), next: instant("2026-11-22T04:00:00Z"), missed: 3)
        #expect(turn == expected)
        let late = daily.turn(
            planned: instant("2023-11-18T04:00:00Z"),
            now: instant("2026-11-21T12:00:00Z"),
            dice: .loaded
        )
        #expect(late.due == expected.due)
        #expect(late.next == expected.next)
    }

    @Test("A grid begins on the grid; a spaced turn is a fifth around its time")
    func beginnings() {
        let now = instant("2026-11-21T12:00:17Z")
        #expect(Schedule.every(.seconds(60)).first(after: now, dice: .fair) == instant("2026-11-21T12:01:00Z"))
        for _ in 0..<200 {
            let next = Schedule.spaced(.seconds(300)).turn(planned: now, now: now, dice: .fair).next
            #expect((240...360).contains(next.timeIntervalSince(now)))
        }
    }

    @Test("Pauses double up to the longest, however often it fails")
    func backoff() {
        let backoff = Backoff(first: .seconds(60), longest: .seconds(900))
        #expect((0...5).map { backoff.pause(level: $0) } == [60, 120, 240, 480, 900, 900].map { .seconds($0) })
        #expect(backoff.pause(level: 1_000_000) == .seconds(900))
    }

    @Test("A register for which orders wait is tested more often; one that refuses us, rarely")
    func pauses() {
        let checks = TaskTiming.standard.checks
        #expect(checks.pause(.disconnected, level: 10, hasWaiting: false, .loaded) == 900)
        #expect(checks.pause(.disconnected, level: 10, hasWaiting: true, .loaded) == 300)
        #expect(checks.pause(.misconfigured, level: 0, hasWaiting: true, .loaded) == 900)
    }
}
