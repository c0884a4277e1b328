import StapesServer
import Testing

@Suite("Admission queue")
struct AdmissionQueueTests {
    private func ticket(_ number: Int) -> AdmissionQueue.Ticket { .init(number: number) }

    @Test("What fits is admitted, the next waits, and more than may wait are refused")
    func fillsUp() {
        var queue = AdmissionQueue(activeLimit: 2, byteLimit: 100, queueLimit: 1)
        #expect(queue.enter(ticket(1), cost: 10, priority: 0) == .admitted)
        #expect(queue.enter(ticket(2), cost: 10, priority: 0) == .admitted)
        #expect(!queue.isFull)
        #expect(queue.enter(ticket(3), cost: 10, priority: 0) == .queued)
        #expect(queue.isFull)
        #expect(queue.enter(ticket(4), cost: 10, priority: 0) == .refused)
        #expect(queue.leave(ticket(1)) == [ticket(3)])
        #expect(queue.leave(ticket(2)) == [])
        #expect(queue.leave(ticket(3)) == [])
        #expect(queue.activeCount == 0)
        #expect(queue.waitingCount == 0)
    }

    @Test("Bytes hold a request back that the count would let in, and one larger than all bytes is worked on alone")
    func bytes() {
        var queue = AdmissionQueue(activeLimit: 8, byteLimit: 100, queueLimit: 8)
        #expect(queue.enter(ticket(1), cost: 60, priority: 0) == .admitted)
        #expect(queue.enter(ticket(2), cost: 1000, priority: 0) == .queued)
        // It would fit, but the large one would never have its turn if small ones went ahead.
        #expect(queue.enter(ticket(3), cost: 10, priority: 0) == .queued)
        #expect(queue.leave(ticket(1)) == [ticket(2)])
        #expect(queue.leave(ticket(2)) == [ticket(3)])
    }

    @Test("Lower priority numbers go first, equals in the order they came")
    func priorities() {
        var queue = AdmissionQueue(activeLimit: 1, byteLimit: 100, queueLimit: 8)
        _ = queue.enter(ticket(0), cost: 1, priority: 0)
        for (number, priority) in [(1, 0), (2, 5), (3, -5), (4, 0), (5, -5)] {
            #expect(queue.enter(ticket(number), cost: 1, priority: priority) == .queued)
        }
        var order: [Int] = []
        var current = ticket(0)
        while let next = queue.leave(current).first {
            order.append(next.number)
            current = next
        }
        #expect(order == [3, 5, 1, 4, 2])
    }

    @Test("A request that is taken back while it waits makes room for those behind it")
    func takenBack() {
        var queue = AdmissionQueue(activeLimit: 8, byteLimit: 100, queueLimit: 8)
        _ = queue.enter(ticket(1), cost: 60, priority: 0)
        _ = queue.enter(ticket(2), cost: 90, priority: 0)
        _ = queue.enter(ticket(3), cost: 30, priority: 0)
        #expect(queue.leave(ticket(2)) == [ticket(3)])
    }

    @Test("In no order of coming and going are more admitted than may be, or any forgotten", arguments: 0..<20)
    func randomOrders(seed: Int) {
        var generator = Generator(seed: UInt64(seed))
        var queue = AdmissionQueue(activeLimit: 4, byteLimit: 100, queueLimit: 6)
        var (active, waiting): ([Int: Int], Set<Int>) = ([:], [])
        var costs: [Int: Int] = [:]
        for number in 0..<500 {
            if Bool.random(using: &generator) {
                let cost = Int.random(in: 1...120, using: &generator)
                costs[number] = cost
                switch queue.enter(ticket(number), cost: cost, priority: Int.random(in: -1...1, using: &generator)) {
                case .admitted: active[number] = cost
                case .queued: waiting.insert(number)
                case .refused: #expect(waiting.count == 6)
                }
            } else if let gone = (Array(active.keys) + waiting).sorted().randomElement(using: &generator) {
                active[gone] = nil
                waiting.remove(gone)
                for next in queue.leave(ticket(gone)) {
                    #expect(waiting.remove(next.number) != nil)
                    active[next.number] = costs[next.number]
                }
            }
            #expect(active.count <= 4)
            #expect(active.count <= 1 || active.values.reduce(0, +) <= 100)
            #expect(queue.activeCount == active.count)
            #expect(queue.waitingCount == waiting.count)
            #expect(waiting.isEmpty || !active.isEmpty)
        }
    }
}

/// A small generator whose numbers depend on the seed alone.
struct Generator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}
