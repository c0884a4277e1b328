import StapesServer
import Testing

@Suite("Times of a connection")
struct ConnectionTimesTests {
    private let limits: ServerLimits = {
        var limits = ServerLimits()
        limits.headSeconds = 10
        limits.idleSeconds = 60
        limits.bodyBytesPerSecond = 100
        return limits
    }()

    private func at(_ seconds: Double) -> Int64 { Int64(seconds * 1e9) }

    @Test("The first head has its own time, later ones that of silence")
    func heads() {
        var times = ConnectionTimes(limits, now: 0)
        #expect(times.verdict(now: at(9.9)) == .wait(until: at(10)))
        #expect(times.verdict(now: at(10)) == .close)
        times.headArrived(now: at(5))
        times.requestEnded()
        #expect(times.verdict(now: at(1000)) == .atWork)
        times.answered(now: at(1000))
        #expect(times.verdict(now: at(1059)) == .wait(until: at(1060)))
        #expect(times.verdict(now: at(1060)) == .close)
    }

    @Test("A body may neither stop nor trickle")
    func bodies() {
        var times = ConnectionTimes(limits, now: 0)
        times.headArrived(now: at(1))
        times.bodyArrived(byteCount: 10, now: at(30))
        #expect(times.verdict(now: at(31)) == .wait(until: at(61.1)))
        // 600 bytes have had the time for silence and 6 seconds more.
        times.bodyArrived(byteCount: 590, now: at(66))
        #expect(times.verdict(now: at(66.9)) == .wait(until: at(67)))
        #expect(times.verdict(now: at(67)) == .tooSlow)
        // Enough bytes, and then silence.
        times.bodyArrived(byteCount: 1_000_000, now: at(67))
        #expect(times.verdict(now: at(126)) == .wait(until: at(127)))
        #expect(times.verdict(now: at(127)) == .tooSlow)
    }

    @Test("While an earlier request is owed its answer nobody is too slow, and work that follows it is not idleness")
    func oneAfterTheOther() {
        var times = ConnectionTimes(limits, now: 0)
        times.headArrived(now: at(1))
        times.requestEnded()
        times.headArrived(now: at(2))
        #expect(times.answersOwed == 2)
        #expect(times.verdict(now: at(500)) == .atWork)
        times.bodyArrived(byteCount: 10, now: at(500))
        times.requestEnded()
        times.answered(now: at(501))
        #expect(times.verdict(now: at(1000)) == .atWork)
        times.answered(now: at(1001))
        #expect(times.verdict(now: at(1061)) == .close)
    }

    @Test("A request that was answered before its end leaves a connection that times out like any other")
    func earlyAnswer() {
        var times = ConnectionTimes(limits, now: 0)
        times.headArrived(now: at(1))
        times.answered(now: at(2))
        times.bodyArrived(byteCount: 10, now: at(3))
        times.requestEnded()
        #expect(times.verdict(now: at(62)) == .close)
    }
}
