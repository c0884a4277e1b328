import StapesDevice
import StapesEngine
import StapesMetrics
import StapesModel
import Testing

/// Windows that are encoded together: each has the keys and values that it has alone, and nobody else's block is touched.
@Suite(.serialized, .timeLimit(.minutes(5))) struct EncoderBatchTests {
    private static let setups: [Setup] = [
        .float32, .float16, .bfloat16, .int16Encoder, .gpu, .gpuBFloat16, .gpuLibrary,
    ]

    private static let seed: UInt64 = 3
    private static let positions = TinyModel.configuration.audioContext

    /// Windows of full length for blocks that are not side by side.
    private static func windows(_ blocks: [Int32]) -> [EncoderPlane.Window] {
        blocks.map {
            EncoderPlane.Window(features: TinyModel.features(40 + Int($0), positions: positions), block: $0)
        }
    }

    private static func size(_ windows: Int) -> StepSize {
        StepSize(tokens: windows * positions, rows: windows, groups: windows)
    }

    @Test(arguments: setups) func windowsTogetherAreWhatTheyAreAlone(setup: Setup) throws {
        let world = try DecodeWorld(setup, rows: 5, encoderWindows: 3, seed: Self.seed)
        let arena = world.runner.pool.crossArena
        let windows = Self.windows([4, 1, 3])
        var alone: [Int32: [UInt8]] = [:]
        for window in windows {
            #expect(try world.encode([window], positions: Self.positions) == .graph(Self.size(1)))
            alone[window.block] = arena.read(page: Int(window.block))
        }
        for count in setup.isGPU ? [3, 2] : [3, 2, 1] {
            for eagerly in [true, false] {
                // As it was before anything was encoded, what lies past a window's last position included.
                arena.fill(seed: Self.seed)
                let before = (0..<arena.pageCount).map { arena.checksum(page: $0) }
                let route = try world.encode(Array(windows.prefix(count)), positions: Self.positions, eagerly: eagerly)
                #expect(route == (eagerly ? .eager(.asked) : .graph(Self.size(count))))
                let blocks = windows.prefix(count).map(\.block)
                for page in 0..<arena.pageCount {
                    if blocks.contains(Int32(page)) {
                        #expect(arena.read(page: page) == alone[Int32(page)], "block \(page) of \(count), \(route)")
                    } else {
                        #expect(arena.checksum(page: page) == before[page], "block \(page) of \(count), \(route)")
                    }
                }
            }
        }
    }

    /// Frames of a window meet those of its neighbours nowhere: not in the convolutions, not in attention.
    @Test(arguments: [Setup.float32, .int16Encoder, .gpu]) func windowThatIsNotANumberSpoilsNoOther(setup: Setup) throws
    {
        let world = try DecodeWorld(setup, rows: 4, encoderWindows: 3, seed: Self.seed)
        let arena = world.runner.pool.crossArena
        var windows = Self.windows([1, 2, 3])
        _ = try world.encode(windows, positions: Self.positions)
        let clean = windows.map { arena.read(page: Int($0.block)) }
        windows[1] = EncoderPlane.Window(
            features: [Float](repeating: .nan, count: TinyModel.features(41, positions: Self.positions).count), block: 2
        )
        for eagerly in [false, true] {
            _ = try world.encode(windows, positions: Self.positions, eagerly: eagerly)
            #expect(arena.read(page: 1) == clean[0] && arena.read(page: 3) == clean[2])
            #expect(arena.read(page: 2) != clean[1])
        }
        // What it has left in the activations is seen by nobody who comes after, be it longer or shorter.
        let short = TinyModel.features(9, positions: 37)
        let fresh = try DecodeWorld(setup, rows: 4, encoderWindows: 1, seed: Self.seed)
        _ = try fresh.encode(short, positions: 37, block: 2)
        arena.fill(seed: Self.seed)
        _ = try world.encode(short, positions: 37, block: 2)
        #expect(arena.read(page: 2) == fresh.runner.pool.crossArena.read(page: 2))
        windows[1] = Self.windows([2])[0]
        _ = try world.encode(windows, positions: Self.positions)
        #expect(windows.map { arena.read(page: Int($0.block)) } == clean)
    }

    @Test(arguments: [Setup.float32, .gpu, .gpuLibrary]) func everyNumberOfWindowsHasItsGraph(setup: Setup) throws {
        let world = try DecodeWorld(setup, rows: 4, encoderWindows: 3)
        let graphs = world.runner.encode.graphs
        #expect(graphs.sizes == [3, 2, 1].map(Self.size))
        #expect(world.runner.encode.slots.slots.map(\.count) == [3 * Self.positions])
        if setup.isGPU {
            #expect(Set(graphs.kernels).count == 1, "launches do not grow with the windows")
        }
        let kernels = graphs.kernels
        _ = try world.encode(Self.windows([1, 2]), positions: Self.positions)
        #expect(graphs.kernels == kernels, "nothing is captured after the start")
    }

    /// A loop that encodes several at once says what one says that encodes them one by one.
    @Test(arguments: [Setup.float32, .int16Encoder, .gpu]) func requestsSayTheSame(setup: Setup) throws {
        // Windows of full length, one of them twice, and a short one among them.
        let requests =
            (1...4).map { TinyModel.request(window: $0, steps: 6, endless: true) }
            + [
                TinyModel.request(window: 2, prompt: 9, steps: 4),
                TinyModel.request(window: 6, positions: 30, steps: 5),
            ]
        func run(_ windows: Int) throws -> LoopWorld {
            var configuration = TinyModel.setup(setup, rows: 6, encoderWindows: windows)
            configuration.usesOneDNN = false
            let world = try LoopWorld(configuration)
            let ids = world.submit(requests)
            world.drain()
            #expect(ids.allSatisfy { world.transcript(of: $0) != nil } && world.loop.holdings == EngineHoldings())
            return world
        }
        let (apart, together) = (try run(1), try run(3))
        for number in 1...requests.count {
            let id = SequenceID(number)
            #expect(together.transcript(of: id) == apart.transcript(of: id), "request \(number)")
        }
        #expect(apart.metrics.replays("encoder") == 4 && apart.metrics.eagerSteps("encoder") == 1)
        #expect(together.metrics.replays("encoder") == 2 && together.metrics.eagerSteps("encoder") == 1)
        #expect([apart, together].allSatisfy { $0.metrics.value(.encodedWindows) == 5 })
    }

    /// One encoding serves three windows: each is counted, and books a third of the time.
    @Test func windowsAreCountedAndTheirTimeIsShared() throws {
        let world = try LoopWorld(TinyModel.setup(encoderWindows: 3))
        let ids = world.submit((1...3).map { TinyModel.request(window: $0, steps: 10, endless: true) })
        world.drain()
        let metrics = world.metrics
        #expect(metrics.replays("encoder") == 1 && metrics.replays("prefill") == 1 && metrics.replays("decode") == 9)
        #expect(metrics.value(.encodedWindows) == 3)
        let encodings = try #require(metrics.histogram(EngineMetricName.encode.rawValue))
        #expect(encodings.count == 1 && metrics.histogram(EngineMetricName.windowWait.rawValue)?.count == 3)
        let seconds = ids.compactMap { id -> Double? in
            guard case .success(let outcome) = world.answer(to: id) else { return nil }
            return outcome.times.encodeSeconds
        }
        #expect(seconds.count == 3 && Set(seconds).count == 1)
        #expect(abs(seconds.reduce(0, +) - encodings.sum) < 1e-6)
    }

    /// What is given to the engine, what it makes of it, and what the promise of determinism then is.
    @Test func numberOfWindowsFollowsFromTheDevice() throws {
        func description(_ setup: Setup, rows: Int = 32, windows: Int? = nil) throws -> EngineDescription {
            var configuration = TinyModel.setup(setup, rows: rows, encoderWindows: windows)
            configuration.usesOneDNN = false
            return try EngineDescription(configuration, model: TinyModel.configuration)
        }
        #expect(try description(.float32).maximumEncoderBatchSize == 1)
        #expect(try description(.float32, windows: 4).maximumEncoderBatchSize == 4)
        #expect(try description(.gpu).maximumEncoderBatchSize == 8)
        #expect(try description(.gpu, rows: 3).maximumEncoderBatchSize == 3)
        #expect(try description(.gpu, windows: 16).maximumEncoderBatchSize == 16)
        #expect(try description(.gpu).isDeterministic && description(.float32, windows: 4).isDeterministic)
        #expect(try !description(.gpuLibrary).isDeterministic && description(.gpuLibrary, windows: 1).isDeterministic)
        // Of a model whose windows take more than a part of the device's memory there are fewer.
        let memory = try FakeGPU.context.memory().total
        let configuration = TinyModel.setup(.gpu, rows: 32)
        let wide = ModelConfiguration.random(
            vocabularySize: 2001, width: 2048, heads: 32, encoderLayers: 1, decoderLayers: 1, audioContext: 20_000)
        let bytes = configuration.encoderBytesPerWindow(for: wide)
        #expect(configuration.encoderWindows(for: wide) == max(1, min(8, memory / 32 / bytes)))
        #expect(configuration.encoderWindows(for: wide) < 8)
    }

    @Test(arguments: [Setup.float32, .bfloat16, .gpu]) func bytesOfTheWorkspaceFollowTheFormula(setup: Setup) throws {
        let checkpoint = Checkpoint.random(TinyModel.configuration, seed: 7)
        let configuration = TinyModel.setup(setup)
        let device: any ComputeDevice =
            switch setup.device {
            case .cpu: try CPUDevice(kernels: KernelTable(.best)!, threads: 1, oneDNN: false)
            case .cuda(let context): try CUDADevice(context, type: configuration.types.cache, threads: 1)
            }
        let type = configuration.types.encoder
        for windows in [1, 3] {
            let encoder = try AudioEncoder(
                checkpoint: checkpoint, type: type, integers: nil, windows: windows, device: device)
            #expect(
                encoder.workspaceByteCount
                    == windows * AudioEncoder.workspaceByteCount(TinyModel.configuration, type: type))
        }
        let description = try EngineDescription(
            TinyModel.setup(setup, encoderWindows: 3), model: TinyModel.configuration)
        #expect(
            description.encoderByteCount == 3 * configuration.encoderBytesPerWindow(for: TinyModel.configuration))
    }
}
