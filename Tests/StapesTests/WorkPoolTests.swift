import Stapes
import Synchronization
import Testing

/// Work of cancelled tasks.
@Suite(.timeLimit(.minutes(1))) struct WorkPoolTests {
    private func cancelled(_ task: Task<Int, any Error>) async {
        let error = await #expect(throws: StapesError.self) { try await task.value }
        #expect(error?.code == .cancelled)
    }

    @Test func workOfACancelledTaskThatWaitsIsNeverBegun() async throws {
        let pool = WorkPool(width: 1)
        let (holds, begun) = (Flag(), Flag())
        let first = Task<Int, any Error> {
            try await pool.run { _ in
                while !holds.isSet {}
                return 1
            }
        }
        try await Task.sleep(for: .milliseconds(20))
        let second = Task<Int, any Error> {
            try await pool.run { _ in
                begun.set()
                return 2
            }
        }
        let third = Task<Int, any Error> { try await pool.run { _ in 3 } }
        try await Task.sleep(for: .milliseconds(20))
        second.cancel()
        // It is answered while the one thread is still taken.
        await cancelled(second)
        #expect(!holds.isSet)
        holds.set()
        #expect(try await first.value == 1)
        #expect(try await third.value == 3)
        #expect(!begun.isSet)
    }

    @Test func workOfATaskThatIsCancelledAlreadyIsNeverBegun() async throws {
        let pool = WorkPool(width: 1)
        let begun = Flag()
        let task = Task<Int, any Error> {
            try? await Task.sleep(for: .seconds(10))
            return try await pool.run { _ in
                begun.set()
                return 1
            }
        }
        task.cancel()
        await cancelled(task)
        #expect(!begun.isSet)
        #expect(try await pool.run { _ in 4 } == 4)
    }

    @Test func workThatHasBegunSeesTheCancellation() async throws {
        let pool = WorkPool(width: 1)
        let begun = Flag()
        let task = Task<Int, any Error> {
            try await pool.run { isCancelled in
                begun.set()
                while !isCancelled() {}
                return 5
            }
        }
        while !begun.isSet { await Task.yield() }
        task.cancel()
        #expect(try await task.value == 5)
    }
}

private final class Flag: Sendable {
    private let value = Atomic(false)
    var isSet: Bool { value.load(ordering: .acquiring) }
    func set() { value.store(true, ordering: .releasing) }
}
