import StapesEngine
import Testing

@Suite struct ReplicaLoadsTests {
    private func work(_ window: Int, rows: Int = 1, priority: Int = 0) -> ReplicaLoads.Work {
        ReplicaLoads.Work(
            key: WindowKey(features: [Float(window)], positions: 1), rows: rows, priority: priority)
    }

    @Test func windowsGoWhereThereIsLeastToDo() {
        var loads = ReplicaLoads(count: 3, rows: 4)
        #expect(loads.begin(work(1, rows: 3)) == 0)
        #expect(loads.begin(work(2)) == 1)
        #expect(loads.begin(work(3)) == 2)
        #expect(loads.begin(work(4)) == 1)
        #expect(loads.rows == [3, 2, 1])
        loads.end(work(1, rows: 3), at: 0)
        #expect(loads.begin(work(5)) == 0)
        #expect(loads.rows == [1, 2, 1])
    }

    @Test func windowGoesWhereItWasUnlessThatIsABatchBehind() {
        var loads = ReplicaLoads(count: 2, rows: 2)
        #expect(loads.begin(work(1)) == 0)
        loads.end(work(1), at: 0)
        #expect(loads.begin(work(2)) == 0)
        #expect(loads.begin(work(1)) == 0, "one row more than the other has")
        #expect(loads.begin(work(1)) == 1, "two, which is a batch")
        #expect(loads.begin(work(1)) == 1, "and that is where it is from now on")
        #expect(loads.rows == [2, 2])
    }

    @Test func whatGoesLaterDelaysNobody() {
        var loads = ReplicaLoads(count: 2, rows: 8)
        for window in 0..<4 { _ = loads.begin(work(window, rows: window % 2 == 0 ? 5 : 1, priority: 1)) }
        #expect(loads.rows == [6, 6])
        #expect(loads.begin(work(10)) == 0)
        #expect(loads.begin(work(11)) == 1, "not where something of its own priority runs")
        #expect(loads.begin(work(12, priority: -1)) == 0)
    }

    @Test func lostReplicasGetNothing() {
        var loads = ReplicaLoads(count: 2, rows: 2)
        #expect(loads.begin(work(1)) == 0)
        loads.lose(0)
        for window in [1, 2, 3, 1] { #expect(loads.begin(work(window)) == 1) }
        loads.end(work(1), at: 0)
        loads.lose(1)
        #expect(loads.begin(work(1)) == nil)
        #expect(loads.rows == [0, 4])
    }

    @Test func windowsAreRememberedInBoundedMemory() {
        var loads = ReplicaLoads(count: 2, rows: 1)
        // Something to do keeps the first from being the choice among equals.
        #expect(loads.begin(work(-1, rows: 1)) == 0)
        #expect(loads.begin(work(-2)) == 1)
        loads.end(work(-1, rows: 1), at: 0)
        loads.end(work(-2), at: 1)
        for window in 0..<20_000 {
            guard let index = loads.begin(work(window)) else { return }
            loads.end(work(window), at: index)
            #expect(loads.homeCount <= 8192)
            // A window that is asked for now and then is never forgotten.
            guard window % 1000 == 0 else { continue }
            #expect(loads.begin(work(-2)) == 1)
            loads.end(work(-2), at: 1)
        }
        #expect(loads.rows == [0, 0])
    }
}
