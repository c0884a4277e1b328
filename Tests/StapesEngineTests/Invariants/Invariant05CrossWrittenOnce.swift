import StapesDevice
import StapesEngine
import StapesMetrics
import StapesTesting
import Testing

@Suite("Invariant 5: cross keys and values are written once") struct Invariant05CrossWrittenOnce {
    /// Windows are encoded one after the other while those before them are prefilled and decoded.
    @Test(arguments: [Setup.float32, .crossFloat8, .bfloat16, .int8, .gpu, .gpuBFloat16, .gpuCrossFloat8])
    func blocksStayAsTheyWereEncodedWhateverIsDecoded(type: Setup) throws {
        let world = try DecodeWorld(type)
        let arena = world.runner.pool.crossArena
        var written: [Int: UInt64] = [:]
        let untouched = (0..<9).map { arena.checksum(page: $0) }
        let lengths = type.isGPU ? [100, 1, 37] : [100, 1, 37, 100, 16, 99, 100, 64]
        for (number, positions) in lengths.enumerated() {
            let features = TinyModel.features(number, positions: positions)
            _ = try world.encode(features, positions: positions, block: Int32(number + 1))
            written[number + 1] = arena.checksum(page: number + 1)
            #expect(written[number + 1] != untouched[number + 1], "block \(number + 1) was written")
            let prompt = world.prompt(
                number, tokens: [401, 402, 413], context: 0, encoderLength: positions, start: 0, samples: true)
            _ = try world.prefill([prompt])
            var generator = SeededGenerator(seed: UInt64(number))
            for eagerly in [false, true, false] {
                _ = try world.step(world.draw(Array(0...number), using: &generator), eagerly: eagerly)
            }
            for page in 0..<9 {
                #expect(arena.checksum(page: page) == written[page] ?? untouched[page], "block \(page) after \(number)")
            }
        }
    }

    /// A whole request after another through the engine's loop, prefix pages and look-ahead included.
    @Test(arguments: Setup.bothWays)
    func blocksAreUnchangedThroughWholeRequests(type: Setup, looksAhead: Bool) throws {
        let world = try LoopWorld(TinyModel.setup(type, looksAhead: looksAhead))
        let arena = world.loop.runner.pool.crossArena
        var blocks: [SequenceID: (block: Int, encoded: UInt64)] = [:]
        let requests = type.requests
        let ids = world.submit(requests)
        var steps = 0
        while !world.loop.isIdle, steps < 2000 {
            world.step()
            steps += 1
            for id in ids {
                guard let sequence = world.loop.scheduler[id], let block = sequence.block,
                    sequence.state != .waiting, sequence.state != .encoding
                else { continue }
                let sum = arena.checksum(page: Int(block))
                if let known = blocks[id] {
                    #expect(known.block == Int(block) && known.encoded == sum, "sequence \(id.number), step \(steps)")
                } else {
                    blocks[id] = (Int(block), sum)
                }
            }
        }
        #expect(blocks.count == ids.count)
        let windows = Set(requests.map(\.key)).count
        #expect(windows == (type.isGPU ? 4 : 9))
        #expect(world.metrics.replays("encoder") + world.metrics.eagerSteps("encoder") == windows)
        #expect(world.metrics.value(.windowLookups, ["result": "miss"]) == windows)
        #expect(world.metrics.value(.windowLookups, ["result": "hit"]) == requests.count - windows)
    }

    /// One write a layer when a window is encoded; in decode only the self arena's, which on a GPU self-attention does.
    @Test(arguments: [Setup.float32, .gpu, .gpuCrossFloat8]) func keysAndValuesAreStoredByTheEncoderAlone(type: Setup)
        throws
    {
        let world = try DecodeWorld(type)
        let store = address(world.runner.stream.kernels.storeKV)
        let layers = TinyModel.configuration.decoderLayers
        #expect(world.runner.encode.graphs.kernels.allSatisfy { $0.count { $0 == store } == layers })
        let inDecode = type.isGPU ? 0 : layers
        #expect(world.runner.decode.graphs.kernels.allSatisfy { $0.count { $0 == store } == inDecode })
        #expect(world.runner.prefill.graphs.kernels.allSatisfy { $0.count { $0 == store } == layers })
    }
}
