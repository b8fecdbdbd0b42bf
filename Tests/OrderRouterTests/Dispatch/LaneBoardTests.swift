import Contracts
import RPC
import Testing

@testable import OrderRouter

@Suite(.timeLimit(.minutes(5))) struct LaneBoardTests {
    private func key(_ number: Int) -> LaneKey {
        LaneKey(merchantID: Sample.merchant, locationID: LocationID(unchecked: "l\(number)"))
    }

    /// What the board starts until it is stopped.
    private func started(_ board: LaneBoard) async -> [LaneKey] {
        board.stop()
        return await board.toStart.reduce(into: []) { $0.append($1) }
    }

    @Test func noMoreRunThanThereIsRoomFor() async {
        let board = LaneBoard(capacity: 3)
        for number in 0..<10 { board.wake(key(number)) }
        #expect(board.freeCapacity == 0)
        #expect(Set(board.running) == [key(0), key(1), key(2)])
        #expect(await started(board) == [key(0), key(1), key(2)])
    }

    @Test func theLineIsServedInItsOrder() async {
        let board = LaneBoard(capacity: 1)
        for number in 0..<4 { board.wake(key(number)) }
        for number in 0..<4 { board.finished(key(number)) }
        #expect(await started(board) == (0..<4).map(key))
    }

    /// A busy location goes to the end of the line, so that it does not starve its neighbours.
    @Test func aLocationThatIsWokenWhileItRunsRunsAgainAfterTheOthers() async {
        let board = LaneBoard(capacity: 1)
        board.wake(key(0))
        board.wake(key(1))
        for _ in 0..<100 { board.wake(key(0)) }
        board.finished(key(0))
        #expect(board.running == [key(1)])
        board.finished(key(1))
        #expect(board.running == [key(0)])
        board.finished(key(0))
        #expect(board.running.isEmpty)
        #expect(board.freeCapacity == 1)
        #expect(await started(board) == [key(0), key(1), key(0)])
    }

    @Test func aLocationStandsInTheLineOnce() async {
        let board = LaneBoard(capacity: 1)
        board.wake(key(0))
        for _ in 0..<50 { board.wake(key(1)) }
        for number in [0, 1] { board.finished(key(number)) }
        #expect(board.running.isEmpty)
        #expect(await started(board) == [key(0), key(1)])
    }

    @Test func theLineIsBounded() async {
        let board = LaneBoard(capacity: 1, maxWaiting: 2)
        for number in 0..<10 { board.wake(key(number)) }
        for number in 0..<3 { board.finished(key(number)) }
        #expect(board.running.isEmpty)
        // Who was dropped is found again by the poll.
        board.wake(key(9))
        #expect(await started(board) == [key(0), key(1), key(2), key(9)])
    }

    @Test func aStoppedBoardStartsNothing() async {
        let board = LaneBoard(capacity: 2)
        board.wake(key(0))
        board.wake(key(1))
        board.wake(key(2))
        board.stop()
        #expect(board.isStopped)
        board.wake(key(3))
        board.finished(key(0))
        #expect(board.running == [key(1)])
        #expect(await started(board) == [key(0), key(1)])
    }

    @Test func manyWakesAndEndsAtOnceLoseNothing() async {
        let board = LaneBoard(capacity: 4)
        await withTaskGroup(of: Int.self) { group in
            group.addTask {
                var most = 0
                for await key in board.toStart {
                    most = max(most, board.running.count)
                    board.finished(key)
                }
                return most
            }
            for task in 0..<8 {
                group.addTask {
                    for number in 0..<200 { board.wake(key((task + number) % 20)) }
                    return 0
                }
            }
            for _ in 0..<8 { _ = await group.next() }
            board.stop()
            for await most in group { #expect(most <= 4) }
        }
        #expect(board.running.isEmpty)
    }
}

@Suite struct LaneClockTests {
    @Test func aLaneThatWasNotRenewedIsNotTrustedAnyLonger() {
        let clock = LaneClock(lease: .seconds(60))
        let other = LaneKey(merchantID: Sample.merchant, locationID: LocationID(unchecked: "other"))
        let longAgo = ContinuousClock.now.advanced(by: .seconds(-70))
        #expect(clock.timeLeft(of: Sample.key, claimedAt: longAgo) < .zero)
        clock.renewed([other], at: .now)
        #expect(clock.timeLeft(of: Sample.key, claimedAt: longAgo) < .zero)
        clock.renewed([Sample.key], at: ContinuousClock.now.advanced(by: .seconds(-10)))
        let left = clock.timeLeft(of: Sample.key, claimedAt: longAgo)
        #expect(left <= .seconds(50))
        #expect(left > .seconds(40))
    }
}
