import CUDAEmulator
import StapesDecoding
import StapesDevice
import StapesEngine
import Testing

/// A GPU encodes windows beside the steps, on a stream of their own: steps go on meanwhile, and whoever is gone before
/// its window is there leaves nothing.
@Suite(.serialized, .timeLimit(.minutes(2))) struct EncodingFlightTests {
    private static func world(
        looksAhead: Bool, notReadyCount: Int32, crossBlocks: Int = 9, windows: Int = 1
    ) throws -> LoopWorld {
        FakeGPU.reopen(notReadyCount: notReadyCount)
        return try LoopWorld(
            SmallModel.setup(.gpu, rows: 4, looksAhead: looksAhead),
            limits: SchedulerLimits(
                rows: 4, selfPages: 17, crossBlocks: crossBlocks, prefillTokens: 64, textContext: 64, audioContext: 20,
                cacheBytes: 0, encodingWindows: windows))
    }

    private static func alone(_ requests: [WindowRequest]) throws -> [WindowResult?] {
        let world = try world(looksAhead: false, notReadyCount: 0)
        return requests.map { request in
            let id = world.submit(request)
            world.drain()
            return world.transcript(of: id)
        }
    }

    @Test(arguments: [false, true]) func stepsGoOnWhileAWindowIsEncoded(looksAhead: Bool) throws {
        let requests = [
            SmallModel.request(window: 1, steps: 40), SmallModel.request(window: 2, positions: 11, steps: 3),
        ]
        let alone = try Self.alone(requests)
        // The loop looks twice a step.
        let world = try Self.world(looksAhead: looksAhead, notReadyCount: 12)
        let first = world.submit(requests[0])
        while world.state(of: first) != .decoding { world.step() }
        let second = world.submit(requests[1])
        world.step()
        var meanwhile = 0
        while world.state(of: second) == .encoding, meanwhile < 30 {
            let sampled = try #require(world.loop.scheduler[first]?.sampled)
            world.step()
            #expect(world.loop.scheduler[first]?.sampled == sampled + 1, "a step makes a token")
            meanwhile += 1
        }
        #expect((5...8).contains(meanwhile), "\(meanwhile) steps")
        world.drain()
        #expect([first, second].map { world.transcript(of: $0) } == alone)
        #expect(world.loop.holdings == EngineHoldings())
    }

    /// Two are encoded at a time, in the order of their coming; a third waits without a place on the device.
    @Test func fewWindowsAreGivenToTheDeviceAtATime() throws {
        let requests = (1...4).map { SmallModel.request(window: $0, steps: 2) }
        let alone = try Self.alone(requests)
        let world = try Self.world(looksAhead: true, notReadyCount: 12)
        let long = world.submit(SmallModel.request(window: 9, steps: 60))
        while world.state(of: long) != .decoding { world.step() }
        let encoded = world.metrics.replays("encoder")
        let ids = world.submit(requests)
        world.step(5)
        #expect(ids.prefix(2).allSatisfy { world.state(of: $0) == .encoding })
        #expect(world.metrics.replays("encoder") == encoded + 2)
        world.cancel(long)
        world.drain()
        #expect(ids.map { world.transcript(of: $0) } == alone)
        #expect(world.loop.holdings == EngineHoldings())
    }

    /// Three windows of one flight come together, and the device is given two flights at a time. Who of a flight is gone
    /// takes none of the others along.
    @Test(arguments: [false, true]) func windowsOfAFlightSettleTogether(cancels: Bool) throws {
        let requests = (1...3).map { SmallModel.request(window: $0, steps: 3) }
        let long = SmallModel.request(window: 9, steps: 60)
        let alone = try Self.alone(requests)
        let world = try Self.world(looksAhead: true, notReadyCount: 12, windows: 4)
        let longID = world.submit(long)
        while world.state(of: longID) != .decoding { world.step() }
        let encodings = world.metrics.replays("encoder")
        let ids = world.submit(requests)
        world.step()
        #expect(world.metrics.replays("encoder") == encodings + 1)
        #expect(ids.allSatisfy { world.state(of: $0) == .encoding })
        if cancels { world.cancel(ids[1]) }
        let left = cancels ? [ids[0], ids[2]] : ids
        while world.state(of: left[0]) == .encoding {
            #expect(left.allSatisfy { world.state(of: $0) == .encoding })
            world.step()
        }
        #expect(left.allSatisfy { world.state(of: $0) != .encoding })
        world.cancel(longID)
        world.drain()
        for (index, id) in ids.enumerated() {
            if left.contains(id) {
                #expect(world.transcript(of: id) == alone[index])
            } else {
                #expect(world.failure(of: id) == .cancelled)
            }
        }
        #expect(world.metrics.value(.encodedWindows) == 4, "what was encoded for one who is gone counts")
        #expect(world.loop.isIdle && world.loop.holdings == EngineHoldings())
    }

    /// All of a flight are gone, and their blocks are others' at once.
    @Test func flightOfNobodyLeavesNothing() throws {
        let requests = (4...6).map { SmallModel.request(window: $0, steps: 3) }
        let alone = try Self.alone(requests)
        let world = try Self.world(looksAhead: true, notReadyCount: 12, crossBlocks: 4, windows: 3)
        for round in 0..<3 {
            let doomed = world.submit((1...3).map { SmallModel.request(window: $0, steps: 3) })
            world.step()
            for id in doomed { world.cancel(id) }
            let ids = world.submit(requests)
            world.drain()
            #expect(ids.map { world.transcript(of: $0) } == alone, "round \(round)")
            #expect(world.loop.isIdle && world.loop.holdings == EngineHoldings(), "round \(round)")
        }
    }

    /// One launch is all windows': it fails them all, and leaves those that wait and those that come after.
    @Test(arguments: ["graph_launch", "copy_to_device", "event_record", "event_query"])
    func failureOfALaunchFailsItsWindows(function: String) throws {
        let requests = (1...4).map { SmallModel.request(window: $0, steps: 3) }
        let alone = try Self.alone(requests)
        let world = try Self.world(looksAhead: true, notReadyCount: 0, windows: 3)
        defer { FakeGPU.reopen() }
        let ids = world.submit(requests)
        stapes_fake_cuda_fail(function, 1, 2)
        world.drain()
        for (index, id) in ids.enumerated() {
            if index < 3 {
                #expect(world.failure(of: id) == .device, "\(function), \(index)")
            } else {
                #expect(world.transcript(of: id) == alone[index], "\(function)")
            }
        }
        let again = world.submit(requests)
        world.drain()
        #expect(again.map { world.transcript(of: $0) } == alone, "\(function)")
        #expect(world.loop.isIdle && world.loop.holdings == EngineHoldings())
    }

    /// Gone while the device is at its window: alone, beside rows that decode, with an heir to the window, and with one
    /// who is given the block of it at once.
    @Test(arguments: [false, true], [false, true])
    func abortWhileAWindowIsEncodedLeavesNothing(looksAhead: Bool, decodes: Bool) throws {
        let heir = SmallModel.request(window: 2, prompt: 7, steps: 3)
        let successor = SmallModel.request(window: 3, positions: 15, steps: 4)
        let long = SmallModel.request(window: 1, steps: 61)
        let alone = try Self.alone([heir, successor, long])
        // Blocks for two windows: the row's that decodes, and one.
        let world = try Self.world(looksAhead: looksAhead, notReadyCount: 6, crossBlocks: 3)
        let longID = decodes ? world.submit(long) : nil
        if let longID { while world.state(of: longID) != .decoding { world.step() } }
        var live: stapes_fake_live?
        for round in 0..<(decodes ? 3 : 6) {
            let doomed = world.submit(SmallModel.request(window: 2, steps: 3))
            let heirID = round % 3 == 1 ? world.submit(heir) : nil
            if decodes { while world.state(of: doomed) != .encoding { world.step() } }
            // With nothing to decode a step waits for its window: aborted before it, and after the launch of one more.
            world.cancel(doomed)
            let successorID = round % 3 == 2 ? world.submit(successor) : nil
            #expect(world.failure(of: doomed) == .cancelled)
            let wanted = [heirID, successorID].compactMap(\.self)
            var steps = 0
            while wanted.contains(where: { world.answer(to: $0) == nil }) || steps < 5, steps < 30 {
                world.step()
                steps += 1
            }
            if let heirID { #expect(world.transcript(of: heirID) == alone[0], "round \(round)") }
            if let successorID { #expect(world.transcript(of: successorID) == alone[1], "round \(round)") }
            let held = world.loop.holdings
            #expect(held.sequences == (decodes ? 1 : 0) && held.blocks == held.sequences, "round \(round)")
            let now = stapes_fake_cuda_live()
            if round < 2 { live = now }
            #expect(now.events == live?.events && now.allocated_bytes == live?.allocated_bytes, "round \(round)")
        }
        world.drain()
        if let longID { #expect(world.transcript(of: longID) == alone[2]) }
        #expect(world.loop.isIdle && world.loop.holdings == EngineHoldings())
    }

    /// Through the engine's door, where an idle engine waits for its mailbox and must not wait for a window of nobody's.
    @Test func cancelledTaskWhoseWindowIsEncodedLeavesAnIdleEngine() async throws {
        FakeGPU.reopen(notReadyCount: 1000)
        let engine = try await Engine(SmallModel.setup(.gpu, rows: 4, looksAhead: true))
        for _ in 0..<5 {
            let tasks = (0..<3).map { number in
                Task { await engine.failure(of: SmallModel.request(window: number, steps: 50)) }
            }
            try await Task.sleep(for: .milliseconds(3))
            for task in tasks { task.cancel() }
            for task in tasks { #expect(await task.value == .cancelled) }
            #expect(await engine.holdings() == EngineHoldings())
        }
        #expect(await engine.failure(of: SmallModel.request(window: 1, steps: 2)) == nil)
    }
}
