import Contracts
import Foundation
import RPC
import Testing

/// A daily time follows the clock of its zone (rule K9).
struct DailyTimeTests {
    private func time(_ text: String, _ zone: String) throws -> DailyTime {
        try #require(DailyTime(text, zone: zone))
    }

    private func instant(_ text: String) throws -> Date { try #require(RFC3339.date(text)) }

    /// What is due from a moment on, one after the other.
    private func due(_ text: String, _ zone: String, from start: String, count: Int) throws -> [Date] {
        let time = try time(text, zone)
        var moment = try instant(start)
        return (0..<count).map { _ in
            moment = time.next(after: moment)
            return moment
        }
    }

    @Test(
        "Each day once, at the zone's own clock, through both changes of it (K9)",
        arguments: [
            // Brussels: 02:00 becomes 03:00 on 29 March 2026, 03:00 becomes 02:00 on 25 October.
            (
                "05:00", "Europe/Brussels", "2026-03-27T12:00:00Z",
                ["2026-03-28T04:00:00Z", "2026-03-29T03:00:00Z", "2026-03-30T03:00:00Z"]
            ),
            (
                "05:00", "Europe/Brussels", "2026-10-23T12:00:00Z",
                ["2026-10-24T03:00:00Z", "2026-10-25T04:00:00Z", "2026-10-26T04:00:00Z"]
            ),
            // 02:30 does not exist on 29 March: it is due at 03:00, the moment the clock has jumped.
            (
                "02:30", "Europe/Brussels", "2026-03-27T12:00:00Z",
                ["2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]
            ),
            // 02:30 comes twice on 25 October: the first one counts.
            (
                "02:30", "Europe/Brussels", "2026-10-23T12:00:00Z",
                ["2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]
            ),
            // The edges of the hour that is skipped, and of the one that is repeated.
            ("02:00", "Europe/Brussels", "2026-03-28T12:00:00Z", ["2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z"]),
            ("03:00", "Europe/Brussels", "2026-03-28T12:00:00Z", ["2026-03-29T01:00:00Z", "2026-03-30T01:00:00Z"]),
            ("02:00", "Europe/Brussels", "2026-10-24T12:00:00Z", ["2026-10-25T00:00:00Z", "2026-10-26T01:00:00Z"]),
            ("03:00", "Europe/Brussels", "2026-10-24T12:00:00Z", ["2026-10-25T02:00:00Z", "2026-10-26T02:00:00Z"]),
            // Lord Howe: half an hour, 02:00 becomes 02:30 on 4 October 2026, 02:00 becomes 01:30 on 5 April.
            (
                "02:15", "Australia/Lord_Howe", "2026-10-02T20:00:00Z",
                ["2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z"]
            ),
            (
                "01:45", "Australia/Lord_Howe", "2026-04-03T20:00:00Z",
                ["2026-04-04T14:45:00Z", "2026-04-05T15:15:00Z"]
            ),
            // St John's: 02:00 becomes 03:00 on 8 March 2026, 02:00 becomes 01:00 on 1 November; half hours from UTC.
            ("02:30", "America/St_Johns", "2026-03-07T12:00:00Z", ["2026-03-08T05:30:00Z", "2026-03-09T05:00:00Z"]),
            ("01:30", "America/St_Johns", "2026-10-31T12:00:00Z", ["2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"]),
            // Santiago: midnight itself is skipped on 6 September 2026.
            ("00:30", "America/Santiago", "2026-09-05T12:00:00Z", ["2026-09-06T04:00:00Z", "2026-09-07T03:30:00Z"]),
            ("23:30", "America/Santiago", "2026-09-05T12:00:00Z", ["2026-09-06T03:30:00Z", "2026-09-07T02:30:00Z"]),
            ("02:30", "UTC", "2026-03-28T02:30:00Z", ["2026-03-29T02:30:00Z", "2026-03-30T02:30:00Z"]),
        ] as [(String, String, String, [String])]
    )
    func aDailyTimeFollowsItsZone(_ text: String, _ zone: String, _ start: String, _ expected: [String]) throws {
        #expect(try due(text, zone, from: start, count: expected.count) == expected.map(instant))
    }

    @Test("Between the two times that a clock shows 02:30 the next is tomorrow's (K9)")
    func aRepeatedTimeIsDueOnce() throws {
        let time = try time("02:30", "Europe/Brussels")
        let tomorrow = try instant("2026-10-26T01:30:00Z")
        for moment in [
            "2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z", "2026-10-25T01:29:59.999Z", "2026-10-25T01:30:00Z",
        ] {
            #expect(time.next(after: try instant(moment)) == tomorrow)
        }
        #expect(time.next(after: try instant("2026-10-25T00:29:59.999Z")) == (try instant("2026-10-25T00:30:00Z")))
    }

    @Test(
        "A day of every zone has one moment for each time, for years (K9)",
        arguments: [
            "Europe/Brussels", "Australia/Lord_Howe", "America/St_Johns", "Africa/Casablanca", "Asia/Kathmandu",
        ]
    )
    func everyDayHasItsMoment(_ zone: String) throws {
        let clock = try #require(TimeZone(identifier: zone))
        /// What the zone's clock shows, in seconds since 1970.
        func shown(_ date: Date) -> Int { Int(date.timeIntervalSince1970) + clock.secondsFromGMT(for: date) }
        let start = try instant("2024-01-01T12:00:00Z")
        for text in ["00:00", "01:45", "02:30", "05:00", "23:59"] {
            let time = try time(text, zone)
            var moment = time.next(after: start)
            var wrong: [Date] = []
            for _ in 0..<1_100 {
                let next = time.next(after: moment)
                let isNextDay = shown(next) / 86_400 == shown(moment) / 86_400 + 1
                // Another time than this one is shown only where the clock has just jumped over it.
                let isOnTime = shown(next) % 86_400 == time.hour * 3_600 + time.minute * 60
                let hasJumped = shown(next) - shown(next.addingTimeInterval(-1)) > 1
                if !isNextDay || !(isOnTime || hasJumped) { wrong.append(next) }
                moment = next
            }
            #expect(wrong == [], "\(text)")
        }
    }

    @Test(
        "What is no time of day, or no zone, is none",
        arguments: [
            ("24:00", "UTC"), ("05:60", "UTC"), ("5:00", "UTC"), ("05:0", "UTC"), ("05-00", "UTC"), ("05:000", "UTC"),
            ("", "UTC"), ("+5:00", "UTC"), ("٠٥:٠٠", "UTC"), ("05:00", "Mars/Base"), ("05:00", ""),
        ]
    )
    func nonsenseIsNone(_ text: String, _ zone: String) {
        #expect(DailyTime(text, zone: zone) == nil)
    }

    @Test("It is written as it was read")
    func itIsWrittenAsItWasRead() throws {
        for text in ["00:00", "05:09", "23:59"] { #expect(try time(text, "UTC").description == text) }
    }
}
