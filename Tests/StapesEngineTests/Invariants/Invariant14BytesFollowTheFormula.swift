import CUDAEmulator
import StapesDevice
import StapesEngine
import StapesMetrics
import StapesModel
import StapesTesting
import StapesTokenizer
import Testing

@Suite("Invariant 14: bytes follow the formula, graphs are bounded and reported")
struct Invariant14BytesFollowTheFormula {
    private static func configuration(
        _ shape: ModelConfiguration, _ computeType: ComputeType, crossKVType: CrossKVType = .auto
    ) -> EngineConfiguration {
        EngineConfiguration(
            model: .random(shape, seed: 1), special: SpecialTokens(vocabularySize: shape.vocabularySize),
            computeType: computeType, crossKVType: crossKVType, threads: 2, maximumRows: 4)
    }

    /// Keys and values of the decoder's layers, and of no other: that is a third of one slot space for all.
    @Test(arguments: KnownModels.names, [Setup.float32, .float16, .bfloat16, .int8])
    func bytesOfEveryPublishedShape(name: String, type: Setup) throws {
        let shape = try #require(KnownModels.configuration(named: name))
        let description = try EngineDescription(Self.configuration(shape, type.computeType), model: shape)
        let element = type == .float32 ? 4 : 2
        #expect(description.selfKVBytesPerToken == shape.decoderLayers * 2 * shape.width * element)
        #expect(description.crossKVBytesPerWindow == 1500 * description.selfKVBytesPerToken)

        // Pages are whole tiles of 16 positions: a window takes 94 of them, 1504 positions.
        let limits = SchedulerLimits(Self.configuration(shape, type.computeType), model: shape)
        #expect(limits.pageBytes == 16 * description.selfKVBytesPerToken)
        #expect(limits.blockBytes == 1504 * description.selfKVBytesPerToken)
        // Address space: no page of it is touched.
        let layout = KVLayout(
            layers: shape.decoderLayers, heads: shape.decoderHeads, positionsPerPage: 1500,
            type: Self.configuration(shape, type.computeType).types.cache)
        let arena = try KVArena(layout: layout, pageCount: 2, on: Stream(kernels: .reference, threads: 1))
        #expect(layout.bytesPerPage == limits.blockBytes && arena.byteCount == 2 * limits.blockBytes)
    }

    @Test(arguments: [
        ("large-v3", 245_760_000, 163_840), ("turbo", 30_720_000, 20_480), ("tiny.en", 9_216_000, 6144),
    ])
    func bytesAsPublished(name: String, window: Int, token: Int) throws {
        let shape = try #require(KnownModels.configuration(named: name))
        let description = try EngineDescription(Self.configuration(shape, .bfloat16), model: shape)
        #expect(description.crossKVBytesPerWindow == window && description.selfKVBytesPerToken == token)
    }

    /// A byte for each of a window's numbers, whatever the tokens' are held in, and twice the windows in a cache.
    @Test(arguments: KnownModels.names, [Setup.float32, .float16])
    func windowsOfEightBitsTakeAByteANumber(name: String, type: Setup) throws {
        let shape = try #require(KnownModels.configuration(named: name))
        func configuration(_ cross: CrossKVType) -> EngineConfiguration {
            var configuration = Self.configuration(shape, type.computeType, crossKVType: cross)
            configuration.cacheBytes = 1 << 32
            return configuration
        }
        let (plain, eight) = (configuration(.auto), configuration(.float8))
        let description = try EngineDescription(eight, model: shape)
        let element = type == .float32 ? 4 : 2
        #expect(description.crossKVBytesPerWindow == 1500 * shape.decoderLayers * 2 * shape.width)
        #expect(description.selfKVBytesPerToken == shape.decoderLayers * 2 * shape.width * element)
        if name == "large-v3" { #expect(description.crossKVBytesPerWindow == 122_880_000) }
        let (most, limits) = (SchedulerLimits(plain, model: shape), SchedulerLimits(eight, model: shape))
        #expect(limits.blockBytes * element == most.blockBytes && limits.pageBytes == most.pageBytes)
        let idle = [most, limits].map { min($0.cacheBytes / $0.blockBytes, 4096) }
        #expect(most.crossBlocks == 5 + idle[0] && limits.crossBlocks == 5 + idle[1])
        #expect(idle[1] == 4096 || idle[1] / element == idle[0])
    }

    @Test(arguments: [Setup.float32, .crossFloat8, .bfloat16, .int8, .gpu, .gpuBFloat16, .gpuCrossFloat8])
    func arenasHaveTheBytesOfTheirLimits(type: Setup) throws {
        let world = try LoopWorld(TinyModel.setup(type, rows: 3))
        let (pool, limits) = (world.loop.runner.pool, world.loop.scheduler.limits)
        #expect(pool.selfArena.byteCount == limits.selfPages * limits.pageBytes)
        #expect(pool.crossArena.byteCount == limits.crossBlocks * limits.blockBytes)
        // Two layers, keys and values, 128 wide; 100 positions are seven tiles.
        let element = type.computeType == .float32 ? 4 : 2
        let crossElement = type.crossKVType == .float8 ? 1 : element
        #expect(limits.pageBytes == 16 * 2 * 2 * 128 * element)
        #expect(limits.blockBytes == 112 * 2 * 2 * 128 * crossElement)
    }

    /// What the driver was asked for: pages and blocks more by exactly their bytes.
    @Test func deviceIsAskedForThePagesAndBlocksThereAre() throws {
        func bytes(selfPages: Int, crossBlocks: Int) throws -> (all: Int, arenas: Int) {
            FakeGPU.reopen()
            let limits = SchedulerLimits.tiny(rows: 4, selfPages: selfPages, crossBlocks: crossBlocks)
            let world = try LoopWorld(TinyModel.setup(.gpu, rows: 4, cacheBytes: 0), limits: limits)
            let pool = world.loop.runner.pool
            return (stapes_fake_cuda_live().allocated_bytes, pool.selfArena.byteCount + pool.crossArena.byteCount)
        }
        let few = try bytes(selfPages: 30, crossBlocks: 5)
        let many = try bytes(selfPages: 130, crossBlocks: 45)
        let (page, block) = (16 * 2 * 2 * 128 * 2, 112 * 2 * 2 * 128 * 2)
        #expect(few.arenas == 30 * page + 5 * block && many.arenas == 130 * page + 45 * block)
        #expect(many.all - few.all == 100 * page + 40 * block)
    }

    /// A request holds the pages of its longest outcome and a block, and that is what is in use.
    @Test(arguments: [Setup.float32, .gpu]) func requestHoldsWhatItsLengthsCallFor(type: Setup) throws {
        let world = try LoopWorld(TinyModel.setup(type, cacheBytes: 0))
        let id = world.submit(TinyModel.request(window: 1, prompt: 20, steps: 30, endless: true))
        world.step(3)
        // 20 + 29 positions.
        #expect(world.loop.scheduler[id]?.pages.count == 4)
        #expect(world.metrics.value(.usedPages) == 4 && world.metrics.value(.usedBlocks) == 1)
        world.cancel(id)
    }

    @Test(arguments: [Setup.float32, .gpu], [4, 64])
    func graphBytesAreReportedAndSmall(type: Setup, rows: Int) async throws {
        let metrics = MetricsRegistry()
        let engine = try await Engine(TinyModel.setup(type, rows: rows, metrics: metrics))
        let planes = ["encoder", "prefill", "decode"].map { metrics.value(.graphBytes, ["plane": $0]) }
        #expect(planes.allSatisfy { $0 > 0 })
        let total = try #require(engine.description.capturedGraphBytes)
        #expect(total == planes.reduce(0, +))
        // A recorded call is its arguments and two pointers: nothing of the model's size.
        let graphs = engine.description.decodeGraphRows.count
        #expect(planes[2] <= graphs * 30 * 256 && total < 1 << 20, "\(planes)")
    }

    @Test(arguments: [Setup.float32, .gpu]) func withoutGraphsThereAreNoBytes(type: Setup) async throws {
        let metrics = MetricsRegistry()
        let engine = try await Engine(TinyModel.setup(type, graphs: GraphOptions(mode: .off), metrics: metrics))
        #expect(engine.description.capturedGraphBytes == 0 && engine.description.decodeGraphRows == [])
        #expect(["encoder", "prefill", "decode"].allSatisfy { metrics.value(.graphBytes, ["plane": $0]) == 0 })
    }
}
