import Stapes
import Synchronization
import Testing

struct FeedTests {
    @Test func slowConsumerGetsEverythingInOrderAndTheProducerWaits() async throws {
        let sent = Atomic<Int>(0)
        let feed = Feed<Int>(capacity: 3) { send throws(StapesError) in
            for number in 0..<50 {
                sent.store(number + 1, ordering: .relaxed)
                await send(number)
            }
        }
        for expected in 0..<50 {
            if expected % 10 == 0 { try await Task.sleep(for: .milliseconds(5)) }
            #expect(sent.load(ordering: .relaxed) <= expected + 3)
            #expect(try await feed.next() == expected)
        }
        #expect(try await feed.next() == nil)
        #expect(try await feed.next() == nil)
    }

    @Test func errorComesOnceAndAfterWhatWasSent() async throws {
        let feed = Feed<Int>(capacity: 3) { send throws(StapesError) in
            await send(1)
            throw StapesError(.engine, "broken")
        }
        #expect(try await feed.next() == 1)
        let error = await #expect(throws: StapesError.self) { try await feed.next() }
        #expect(error?.code == .engine)
        #expect(try await feed.next() == nil)
    }

    @Test func producerIsCancelledWithItsFeed() async throws {
        let (ended, end) = AsyncStream<Bool>.makeStream()
        do {
            let feed = Feed<Int>(capacity: 1) { send throws(StapesError) in
                var number = 0
                while !Task.isCancelled {
                    await send(number)
                    number += 1
                }
                end.yield(true)
            }
            #expect(try await feed.next() == 0)
        }
        for await isCancelled in ended {
            #expect(isCancelled)
            break
        }
    }

    @Test func cancelledConsumerDoesNotWaitForTheProducer() async throws {
        let (never, _) = AsyncStream<Int>.makeStream()
        let task = Task {
            let feed = Feed<Int>(capacity: 1) { _ throws(StapesError) in
                for await _ in never {}
                try? await Task.sleep(for: .milliseconds(1))
            }
            return try await feed.next()
        }
        try await Task.sleep(for: .milliseconds(5))
        task.cancel()
        let error = await #expect(throws: StapesError.self) { try await task.value }
        #expect(error?.code == .cancelled)
    }

    @Test func lineOfAFewProducersKeepsTheOrderOfEach() async {
        let line = BoundedLine<Int>(capacity: 2)
        let received = await withTaskGroup(of: Void.self) { group in
            for producer in 0..<3 {
                group.addTask {
                    for number in 0..<200 { await line.send(1000 * producer + number) }
                }
            }
            var received: [Int] = []
            while received.count < 600, case .success(let number?) = await line.next() { received.append(number) }
            return received
        }
        for producer in 0..<3 {
            #expect(received.filter { $0 / 1000 == producer } == (0..<200).map { 1000 * producer + $0 })
        }
    }

    @Test func cancelledProducerIsWokenAndTheLineServesTheOthers() async {
        let line = BoundedLine<Int>(capacity: 2)
        let cancelled = Task { for number in 0..<50 { await line.send(number) } }
        let other = Task { for number in 100..<110 { await line.send(number) } }
        try? await Task.sleep(for: .milliseconds(10))
        cancelled.cancel()
        // It ends although nobody takes anything; what it sends to a full line is dropped.
        await cancelled.value
        var received: [Int] = []
        while received.last != 109, case .success(let number?) = await line.next() { received.append(number) }
        await other.value
        #expect(received.filter { $0 >= 100 } == Array(100..<110))
        #expect(received.filter { $0 < 100 }.count <= 4)
    }

    @Test func producerThatIsCancelledBeforeItSendsDoesNotWait() async {
        let line = BoundedLine<Int>(capacity: 1)
        await Task {
            withUnsafeCurrentTask { $0?.cancel() }
            for number in 0..<3 { await line.send(number) }
        }.value
        line.finish(nil)
        guard case .success(0) = await line.next(), case .success(nil) = await line.next() else {
            Issue.record("not the first alone")
            return
        }
    }
}
