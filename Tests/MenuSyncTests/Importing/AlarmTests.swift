import Testing

@testable import MenuSync

struct AlarmTests {
    @Test("A loop sleeps its time, unless it is woken", .timeLimit(.minutes(5)))
    func sleeps() async {
        let alarm = Alarm()
        for _ in 0..<3 {
            let start = ContinuousClock.now
            await alarm.wait(atMost: .milliseconds(60))
            #expect(start.duration(to: .now) >= .milliseconds(60))
        }
        // A ring before the sleep counts, once.
        alarm.ring()
        await alarm.wait(atMost: .seconds(3600))
        let start = ContinuousClock.now
        await alarm.wait(atMost: .milliseconds(60))
        #expect(start.duration(to: .now) >= .milliseconds(60))
    }

    @Test("A loop that is cancelled sleeps no longer", .timeLimit(.minutes(5)))
    func cancelled() async {
        let sleeper = Task { await Alarm().wait(atMost: .seconds(3600)) }
        sleeper.cancel()
        await sleeper.value
    }
}
