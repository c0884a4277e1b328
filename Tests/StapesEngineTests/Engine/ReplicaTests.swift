import StapesDecoding
import StapesDevice
import StapesEngine
import StapesMetrics
import StapesModel
import StapesTesting
import Synchronization
import Testing

/// An engine with several devices says what one with one says.
@Suite(.serialized, .timeLimit(.minutes(5))) struct ReplicaTests {
    private let metrics = MetricsRegistry()

    /// Two replicas on the processor, which stand for two GPUs where it makes no difference.
    private func two(rows: Int = 8, change: (inout EngineConfiguration) -> Void = { _ in }) async throws -> Engine {
        var configuration = TinyModel.setup(rows: rows, metrics: metrics)
        configuration.threads = 1
        configuration.devices = [.cpu, .cpu]
        change(&configuration)
        return try await Engine(configuration)
    }

    private func long(_ window: Int, of job: Job = Job()) -> WindowRequest {
        var request = TinyModel.request(window: window, prompt: 3, steps: 446, endless: true)
        request.job = job
        return request
    }

    private func isIdle(_ engine: Engine) async -> Bool {
        let holdings = await engine.holdings()
        return holdings == EngineHoldings() && engine.replicaRows == [0, 0]
    }

    @Test func textsAreThoseOfOneReplica() async throws {
        let requests = TinyModel.mixed + TinyModel.sampled
        let one = try await Engine(TinyModel.setup()).together(requests)
        let engine = try await two(rows: 4)
        #expect(engine.description.devices == [.cpu, .cpu] && engine.description.maximumRows == 8)
        for (index, (result, expected)) in zip(try await engine.together(requests), one).enumerated() {
            #expect(agree(result, expected), "request \(index)")
        }
        #expect(await isIdle(engine))
    }

    @Test func windowsAreSpread() async throws {
        let engine = try await two(rows: 4)
        let tasks = (0..<8).map { window in Task { await engine.failure(of: long(window)) } }
        while await engine.holdings().sequences < 8 { await Task.yield() }
        #expect(engine.replicaRows == [4, 4])
        for task in tasks { task.cancel() }
        for task in tasks { #expect(await task.value == .cancelled) }
        #expect(await isIdle(engine))
    }

    /// Temperatures, languages and times of a window, while others run: it is encoded once.
    @Test func windowIsLookedAtAgainWhereItIs() async throws {
        // Rows for all of it on one: nothing has to move for want of them.
        let engine = try await two(rows: 16) { $0.cacheBytes = 1 << 30 }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for window in 0..<6 {
                group.addTask {
                    _ = try await engine.run(TinyModel.question(window: window))
                    for rung in 0..<3 {
                        let sampling = SamplingOptions(temperature: 0.2 * Float(rung), seed: UInt64(rung))
                        _ = try await engine.transcript(
                            TinyModel.request(window: window, steps: 12, endless: true, sampling: sampling))
                    }
                    _ = try await engine.run([
                        TinyModel.request(window: window, steps: 5, sampling: SamplingOptions(temperature: 1, seed: 7)),
                        TinyModel.request(window: window, steps: 5, sampling: SamplingOptions(temperature: 1, seed: 8)),
                    ])
                }
            }
            try await group.waitForAll()
        }
        #expect(metrics.value(.encodedWindows) == 6)
        #expect(metrics.value(.windowLookups, ["result": "miss"]) == 6)
        #expect(metrics.value(.windowLookups, ["result": "hit"]) == 6 * 5)
        #expect(await isIdle(engine))
    }

    @Test func lowerPriorityIsServedFirstEverywhere() async throws {
        let engine = try await two(rows: 1)
        let bulk = engine.beginJob(priority: 1)
        let tasks = (1...12).map { window in Task { await engine.failure(of: long(window, of: bulk)) } }
        while await engine.holdings().sequences < 12 { await Task.yield() }
        for window in 20..<24 {
            var request = TinyModel.request(window: window, steps: 5)
            request.job = engine.beginJob()
            _ = try await engine.run(request)
        }
        #expect(await engine.holdings().sequences >= 4, "those that waited have waited on")
        for task in tasks { task.cancel() }
        for task in tasks { _ = await task.value }
        #expect(await isIdle(engine))
    }

    @Test func cancelledWindowsLeaveTheOthersAsTheyWere() async throws {
        let engine = try await two(rows: 2)
        let alone = try await engine.transcript(TinyModel.mixed[7])
        for _ in 0..<5 {
            let doomed = (1...6).map { window in Task { await engine.failure(of: long(window)) } }
            async let result = engine.transcript(TinyModel.mixed[7])
            try await Task.sleep(for: .milliseconds(2))
            for task in doomed { task.cancel() }
            #expect(agree(try await result, alone))
            for task in doomed { #expect(await task.value == .cancelled) }
        }
        #expect(await isIdle(engine))
        let cancelled = Task { await engine.failure(of: long(1)) }
        cancelled.cancel()
        #expect(await cancelled.value == .cancelled)
    }

    @Test func impossibleWindowsAreRefusedAndForgotten() async throws {
        let engine = try await two()
        for beam in [-5, 0, 9, .max] {
            let request = TinyModel.request(window: 1, sampling: SamplingOptions(beamSize: beam))
            #expect(await engine.failure(of: request) == .invalidRequest, "a beam of \(beam)")
        }
        #expect(await isIdle(engine))
    }

    @Test func tooMuchIsSaidWhenAllAreFull() async throws {
        let engine = try await two(rows: 1) { $0.maximumWaitingWindows = 4 }
        let begun = engine.beginJob()
        let first = Task { await engine.failure(of: long(100, of: begun)) }
        while await engine.holdings().sequences < 1 { await Task.yield() }
        var tasks: [Task<EngineError.Code?, Never>] = []
        // Two that run and four that wait, then one that is refused: each is in before the next comes.
        for window in 1..<6 {
            tasks.append(Task { await engine.failure(of: long(window, of: engine.beginJob())) })
            while await engine.holdings().sequences < window + 1 { await Task.yield() }
        }
        #expect(await engine.failure(of: long(50, of: engine.beginJob())) == .overloaded)
        // Not of a job that was let in, on whichever replica.
        let more = (60..<64).map { window in Task { await engine.failure(of: long(window, of: begun)) } }
        while await engine.holdings().sequences < 10 { await Task.yield() }
        #expect(engine.replicaRows.allSatisfy { $0 > 2 })
        for task in tasks + more + [first] { task.cancel() }
        for task in tasks + more + [first] { #expect(await task.value == .cancelled) }
        engine.end(begun)
        #expect(await isIdle(engine))
    }

    /// As two loops of one engine see it.
    @Test func jobThatOneLoopLetInNoneRefuses() throws {
        let entrance = Entrance(limit: 1)
        guard case .random(let shape, let seed) = TinyModel.source else { return }
        let checkpoint = { Checkpoint.random(shape, seed: seed) }
        var one = try EngineLoop(TinyModel.setup(), checkpoint: checkpoint(), entrance: entrance)
        var other = try EngineLoop(TinyModel.setup(), checkpoint: checkpoint(), entrance: entrance)
        func request(_ job: Int) -> WindowRequest {
            var request = TinyModel.request(window: job, steps: 3)
            request.job = Job(number: job)
            return request
        }
        let answers = Answers()
        one.submit(SequenceID(1), request(1)) { answers.add($0, 1) }
        other.submit(SequenceID(2), request(2)) { answers.add($0, 2) }
        other.submit(SequenceID(3), request(1)) { answers.add($0, 3) }
        #expect(answers.codes == [2: .overloaded])
        while !one.isIdle { one.step() }
        #expect(answers.codes[1] == .some(nil))
        while !other.isIdle { other.step() }
        #expect(answers.codes[3] == .some(nil))
        other.submit(SequenceID(4), request(2)) { answers.add($0, 4) }
        #expect(answers.codes.count == 3, "there is room again")
        other.cancel(SequenceID(4))
        #expect(answers.codes[4] == .cancelled)
    }

    @Test func engineThatNobodyHoldsEnds() async throws {
        weak var released: Engine?
        do {
            let engine = try await two()
            _ = try await engine.together([TinyModel.mixed[1], TinyModel.mixed[2]])
            released = engine
        }
        #expect(released == nil)
    }

    @Test func closingFinishesWhatIsThere() async throws {
        let engine = try await two(rows: 2)
        let tasks = (0..<6).map { window in
            Task { try await engine.transcript(TinyModel.request(window: window, steps: 200, endless: true)) }
        }
        while await engine.holdings().sequences < 6 { await Task.yield() }
        engine.close()
        for task in tasks { #expect(try await task.value.tokens.count == 200) }
        #expect(await engine.failure(of: TinyModel.mixed[1]) == .stopped)
        #expect(await isIdle(engine))
    }

    @Test func startFailsWhereOneCannot() async throws {
        let error = await #expect(throws: EngineError.self) {
            try await two { $0.model = .directory("/nowhere") }
        }
        #expect(error?.code == .model)
    }

    // MARK: GPUs

    private func gpus(_ second: CUDAContext, rows: Int = 4) async throws -> Engine {
        var configuration = TinyModel.setup(.gpu, rows: rows, looksAhead: true, metrics: metrics)
        configuration.devices.append(.cuda(second))
        return try await Engine(configuration)
    }

    private func short(_ window: Int) -> WindowRequest {
        TinyModel.request(window: window, positions: 20, prompt: 3, steps: 4, endless: true)
    }

    @Test func twoGPUsSayWhatOneSays() async throws {
        let requests = (1...4).map(short)
        let one = try await Engine(TinyModel.setup(.gpu, rows: 4)).together(requests)
        let engine = try await gpus(TwoGPUs.second())
        #expect(engine.description.devices == [.cuda(0), .cuda(1)])
        #expect(engine.description.kernels == "Fake GPU 0, Fake GPU 1")
        for (result, expected) in zip(try await engine.together(requests), one) { #expect(agree(result, expected)) }
        #expect(await isIdle(engine))
        for device in ["cuda:0", "cuda:1"] {
            #expect(metrics.value(.cachedBytes, ["device": device]) > 0, "\(device) has had work")
            #expect(metrics.value(.usedBlocks, ["device": device]) == 0)
            #expect(metrics.value(.graphBytes, ["plane": "decode", "device": device]) > 0)
        }
        #expect(metrics.value(.encodedWindows) == 4, "counted over both")
    }

    /// What requests that run together end with, nil for an answer.
    private func errors(of requests: [WindowRequest], on engine: Engine) async -> [EngineError?] {
        await withTaskGroup(of: EngineError?.self) { group in
            for request in requests { group.addTask { await self.error(of: request, on: engine) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
    }

    private func error(of request: WindowRequest, on engine: Engine) async -> EngineError? {
        do throws(EngineError) {
            _ = try await engine.run(request)
            return nil
        } catch {
            return error
        }
    }

    @Test func lostGPUIsTakenOut() async throws {
        let engine = try await gpus(TwoGPUs.breakable())
        // Which window is where: one goes to each.
        let before = try await engine.together([short(1), short(2)])
        TwoGPUs.isBroken.store(true, ordering: .relaxed)
        expectThatOneGPUIsLost(await errors(of: (1...6).map { short($0) }, on: engine))
        // From now on everything goes to the other, also what was here.
        let after = try await engine.together([short(1), short(2), short(8), short(9)])
        #expect(zip(after, before).allSatisfy { agree($0, $1) })
        #expect(await isIdle(engine))
    }

    private func expectThatOneGPUIsLost(_ results: [EngineError?]) {
        let errors = results.compactMap(\.self)
        #expect((1...5).contains(errors.count), "the other GPU's windows are answered")
        #expect(Set(errors.map(\.message)).count == 1, "\(errors)")
        for error in errors {
            #expect(error.code == .device)
            #expect(error.message.hasPrefix("the device is lost: cuda:1: "), "\(error)")
        }
    }

    private func engine(on context: CUDAContext) async throws -> Engine {
        var configuration = TinyModel.setup(.gpu, rows: 2)
        configuration.devices = [.cuda(context)]
        return try await Engine(configuration)
    }

    /// With one device there is nobody else to ask: the reason is said again.
    @Test func onlyGPUThatIsLostSaysSo() async throws {
        let engine = try await engine(on: TwoGPUs.breakable())
        _ = await error(of: short(1), on: engine)
        TwoGPUs.isBroken.store(true, ordering: .relaxed)
        let errors = await errors(of: [short(1), short(2)], on: engine)
        #expect(
            errors.allSatisfy { $0?.code == .device && $0?.message.hasPrefix("the device is lost: cuda:1: ") == true })
        #expect(await engine.holdings() == EngineHoldings())
    }

    @Test func withoutAnyDeviceThereIsAnError() async throws {
        var configuration = TinyModel.setup(.gpu, rows: 2)
        configuration.devices = [.cuda(try TwoGPUs.breakable()), .cuda(try TwoGPUs.breakable())]
        let engine = try await Engine(configuration)
        TwoGPUs.isBroken.store(true, ordering: .relaxed)
        for window in 1...4 { #expect(await engine.failure(of: short(window)) == .device) }
        let error = await error(of: short(5), on: engine)
        #expect(error?.message == "all devices are lost")
        #expect(await isIdle(engine))
    }

    @Test func gpusThatCannotBeUsedAreNamed() throws {
        let platform = FakeGPU.context.platform
        #expect(platform.deviceCount == 2 && platform.version.map { "\($0)" } == "(major: 13, minor: 0)")
        let properties = try platform.properties(of: 1)
        #expect(properties.name == "Fake GPU 1" && properties.memoryByteCount >= 2 << 30)
        #expect(properties.multiprocessors == 8 && properties.capability == (9, 0))
        #expect(platform.reasonAgainst(1) == nil)
        try platform.checkAny()
        #expect(try platform.openUsable().map(\.ordinal) == [0, 1])
        #expect(try platform.openUsable(atMost: 1).map(\.ordinal) == [0])

        let mixed = try TwoGPUs.withAnOldOne()
        #expect(try mixed.openUsable().map(\.ordinal) == [1])
        let reason = mixed.reasonAgainst(0)
        #expect(reason == "cuda:0 (Fake GPU 0) has compute capability 8.0; the kernels are for 9.0")

        try mixed.checkAny()

        let bare = try TwoGPUs.withoutKernels()
        let error = #expect(throws: DeviceError.self) { try bare.openUsable() }
        #expect(error?.message == "this build has no GPU kernels: run Scripts/build-kernels and build again")
        #expect(bare.reasonAgainst(0) == error?.message)
        #expect(throws: DeviceError.self) { try bare.checkAny() }
        let missing = #expect(throws: DeviceError.self) { try CUDAContext(platform, ordinal: 9) }
        #expect(missing?.message == "no GPU 'cuda:9'; there are cuda:0 to cuda:1")
    }
}

/// What came of sequences, by number.
private final class Answers: Sendable {
    private let values = Mutex<[Int: EngineError.Code?]>([:])

    func add(_ result: Result<WindowOutcome, EngineError>, _ number: Int) {
        values.withLock {
            switch result {
            case .success: $0[number] = .some(nil)
            case .failure(let error): $0[number] = error.code
            }
        }
    }

    var codes: [Int: EngineError.Code?] { values.withLock { $0 } }
}
