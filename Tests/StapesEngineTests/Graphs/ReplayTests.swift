import StapesDevice
import StapesEngine
import StapesTesting
import Testing

/// Invariants 1, 2, 3 and 6: replay is an eager step, whatever is padded and whatever was there before.
@Suite struct ReplayTests {
    @Test(arguments: [ComputeType.float32, .bfloat16])
    func replayGivesTheBitsOfTheEagerStepForEveryLiveBatch(type: ComputeType) throws {
        let world = try DecodeWorld(computeType: type)
        #expect(world.runner.decode.graphs.sizes.map(\.rows) == [8, 4, 2, 1])
        var generator = SeededGenerator(seed: 101)
        for live in 1...DecodeWorld.rows {
            for _ in 0..<3 {
                let entries = world.entries(
                    Array((0..<DecodeWorld.rows).shuffled(using: &generator).prefix(live)), using: &generator)
                let eager = try world.step(entries, eagerly: true)
                let replayed = try world.step(entries, eagerly: false)
                #expect(eager.route == .eager)
                guard case .graph(let size) = replayed.route else {
                    Issue.record("\(live) rows were not replayed")
                    continue
                }
                #expect(size.rows >= live && size.rows < 2 * live + 1)
                #expect(eager.bits == replayed.bits, "\(live) rows in a graph of \(size.rows)")
            }
        }
    }

    @Test func poisonedReservedPageAndBlockNeverReachLiveRows() throws {
        let clean = try DecodeWorld()
        let poisoned = try DecodeWorld()
        var generator = SeededGenerator(seed: 102)
        for live in [1, 3, 5, 7] {
            let entries = clean.entries(Array(0..<live), using: &generator)
            let expected = try clean.step(entries, eagerly: false)
            poisoned.poisonReserved()
            let found = try poisoned.step(entries, eagerly: false)
            #expect(expected.bits == found.bits, "\(live) live rows")
        }
    }

    @Test func encoderLengthsOfAnySizeGiveTheEagerResult() throws {
        let world = try DecodeWorld()
        let longest = TinyModel.configuration.audioContext
        for lengths in [[1, longest], [longest, 1], [2, 15, 16, 17], [longest - 1, 1, longest / 2, 33, 1]] {
            let entries = lengths.enumerated().map {
                world.entry($0, token: 5 + $0, context: 3 * $0, encoderLength: $1)
            }
            #expect(try world.step(entries, eagerly: true).bits == world.step(entries, eagerly: false).bits)
        }
    }

    @Test func encoderLengthMattersToTheLogits() throws {
        // Guards the tests above against a graph without cross-attention.
        let world = try DecodeWorld()
        let short = try world.step([world.entry(0, token: 5, context: 2, encoderLength: 1)], eagerly: false)
        let long = try world.step([world.entry(0, token: 5, context: 2, encoderLength: 40)], eagerly: false)
        #expect(short.bits != long.bits)
    }

    @Test func everyGraphHoldsTheKernelsOfAnEagerStep() throws {
        let world = try DecodeWorld()
        let lists = world.runner.decode.graphs.kernels
        #expect(Set(lists).count == 1)
        // Embedding; per layer three norms, six products, two attentions and the write of keys and values; gather,
        // norm, logits, choice.
        #expect(lists[0].count == 1 + TinyModel.configuration.decoderLayers * 12 + 4)
    }

    @Test func staleStateOfLargerBatchesIsNotSeen() throws {
        let world = try DecodeWorld()
        var generator = SeededGenerator(seed: 103)
        let entries = world.entries(Array(0..<DecodeWorld.rows), using: &generator)
        let first = try world.step(entries, eagerly: false).bits
        let small = try world.step(Array(entries[2..<5]), eagerly: false).bits
        #expect(small == Array(first[2..<5]))
        let order = (0..<DecodeWorld.rows).shuffled(using: &generator)
        let permuted = try world.step(order.map { entries[$0] }, eagerly: false).bits
        #expect(permuted == order.map { first[$0] })
    }

    @Test func crossKeysAndValuesAreUnchangedByDecoding() throws {
        let world = try DecodeWorld()
        var generator = SeededGenerator(seed: 104)
        let blockBytes = world.runner.pool.crossArena.layout.bytesPerPage
        func liveBlocks() -> [UInt8] { Array(world.runner.pool.crossArena.contents[blockBytes...]) }
        let before = liveBlocks()
        for live in [8, 3, 1, 5] {
            _ = try world.step(world.entries(Array(0..<live), using: &generator), eagerly: false)
        }
        #expect(liveBlocks() == before)
    }
}
