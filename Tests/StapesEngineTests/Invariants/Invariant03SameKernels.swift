import CUDAEmulator
import StapesDevice
import StapesEngine
import StapesTesting
import Testing

@Suite("Invariant 3: capture and replay run the same kernels") struct Invariant03SameKernels {
    /// The kernels of what `body` launches one by one.
    private func kernels(_ stream: Stream, _ body: () throws -> Void) rethrows -> [UnsafeRawPointer] {
        let trace = CallTrace()
        stream.trace = trace
        defer { stream.trace = nil }
        try body()
        return trace.kernels
    }

    private func kernels(_ world: DecodeWorld, _ body: () throws -> Void) rethrows -> [UnsafeRawPointer] {
        try kernels(world.runner.stream, body)
    }

    @Test(arguments: [Setup.float32, .float16, .bfloat16, .int8, .gpu])
    func everyDecodeGraphHoldsTheKernelsOfEveryEagerStep(type: Setup) throws {
        let world = try DecodeWorld(type)
        let lists = world.runner.decode.graphs.kernels
        #expect(lists.count == 4 && Set(lists).count == 1)
        // Feed and embedding; per layer three norms, six products, two attentions and the write of keys and values;
        // gather, norm, logits, where they are rough the likeliest again, choice. On a GPU products do the norms before
        // them, and self-attention the write.
        let layers = TinyModel.configuration.decoderLayers
        let refines = (type == .float16 || type == .int8) && CPUDevice.hasInt16Products
        #expect(lists[0].count == (type.isGPU ? 2 + layers * 8 + 3 : 2 + layers * 12 + (refines ? 5 : 4)))
        #expect(type.isGPU || lists[0].contains(address(world.runner.stream.kernels.refine)) == refines)
        let attentions = lists[0].count { $0 == address(world.runner.stream.kernels.pagedAttention) }
        #expect(attentions == 2 * layers, "self- and cross-attention of every layer")
        var generator = SeededGenerator(seed: 130)
        for live in 1...8 {
            let batch = world.draw(Array(0..<live), using: &generator)
            #expect(try kernels(world) { _ = try world.step(batch, eagerly: true) } == lists[0], "\(live) rows")
            #expect(
                try kernels(world) { _ = try world.step(batch) } == [], "a replay launches nothing beside the graph")
        }
        #expect(world.runner.decode.graphs.kernels == lists, "replays leave the graphs as they were")
    }

    /// By name: on a GPU a product of many rows is another kernel than one of few.
    @Test(arguments: [Setup.float32, .gpu, .gpuBFloat16])
    func everyPrefillGraphHoldsTheKernelsOfAnEagerPrefill(type: Setup) throws {
        let world = try DecodeWorld(type)
        let table = world.runner.stream.kernels
        func kernels(_ world: DecodeWorld, _ body: () throws -> Void) rethrows -> [String] {
            try self.kernels(world, body).map(table.name(of:))
        }
        let lists = world.runner.prefill.graphs.kernels.map { $0.map(table.name(of:)) }
        #expect(Set(lists).count == 1 && !lists[0].contains("other"))
        for rows in [1, 3, 8] {
            let prompts = (0..<rows).map {
                world.prompt($0, tokens: [1, 2, 3], context: 0, encoderLength: 10 + $0, start: 0, samples: true)
            }
            #expect(try kernels(world) { _ = try world.prefill(prompts, eagerly: true) } == lists[0], "\(rows) rows")
        }
    }

    @Test(arguments: [(Setup.float32, false), (.float32, true), (.gpu, false)])
    func encoderGraphHoldsTheKernelsOfAnEagerWindow(type: Setup, oneDNN: Bool) throws {
        let world = try DecodeWorld(type, rows: 2, encoderWindows: 2, oneDNN: oneDNN)
        let graphs = world.runner.encode.graphs
        #expect(graphs.sizes.map(\.rows) == [2, 1])
        for (size, list) in zip(graphs.sizes, graphs.kernels) {
            let windows = (1...size.rows).map {
                EncoderPlane.Window(features: TinyModel.features($0, positions: 100), block: Int32($0))
            }
            let eager = try kernels(world.runner.encode.stream) {
                _ = try world.runner.encode.run(windows, positions: 100, eagerly: true)
            }
            #expect(eager == list, "\(size.rows) windows")
        }
    }

    @Test(arguments: [Setup.float32, .gpu]) func encoderLengthsOfAnySizeGiveTheEagerResult(type: Setup) throws {
        let world = try DecodeWorld(type)
        let longest = TinyModel.configuration.audioContext
        let seed: UInt64 = 131
        var generator = SeededGenerator(seed: seed)
        var cases = [[1, longest], [longest, 1], [2, 15, 16, 17], [longest - 1, 1, longest / 2, 33, 1]]
        for _ in 0..<type.rounds(40) {
            let rows = Int.random(in: 1...8, using: &generator)
            cases.append((0..<rows).map { _ in Int.random(in: 1...longest, using: &generator) })
        }
        for lengths in cases {
            let batch = lengths.enumerated().map { world.live($0, context: 1 + 3 * $0, encoderLength: $1) }
            let eager = try world.step(batch, eagerly: true)
            let replayed = try world.step(batch)
            guard case .graph = replayed.route else {
                Issue.record("\(lengths) were not replayed")
                continue
            }
            #expect(replayed.outcomes == eager.outcomes, "encoder lengths \(lengths), seed \(seed)")
        }
    }

    @Test(arguments: [Setup.float32, .gpu]) func encoderLengthMattersToTheLogits(type: Setup) throws {
        // Guards the tests above against a graph without cross-attention.
        let world = try DecodeWorld(type)
        let short = try world.step([world.live(0, context: 2, encoderLength: 1)]).outcomes
        let long = try world.step([world.live(0, context: 2, encoderLength: 40)]).outcomes
        #expect(short[0].logits != long[0].logits)
    }

    /// What stands in the slots while graphs are recorded is the model's longest window, and graphs are recorded for it.
    @Test(arguments: [Setup.float32, .gpu]) func graphsAreCapturedWithTheLongestEncoderLength(type: Setup) throws {
        let world = try DecodeWorld(type)
        let longest = TinyModel.configuration.audioContext
        for plane in [world.runner.decode, world.runner.prefill] {
            let lengths = try #require(plane.slots.slots.first { $0.name == "cross length" })
            let largest = try #require(plane.graphs.sizes.first)
            for entry in 0..<largest.tokens { #expect(Int(lengths[entry]) == longest, "entry \(entry)") }
            #expect(plane.indices.capturePlan(largest).crossPart.longest == longest)
        }
    }

    /// On a GPU the time between two kernels is what small models wait for.
    @Test(arguments: [Setup.gpu, .gpuBFloat16]) func decodeStepOnTheGPUHasAtMostEightKernelsALayer(type: Setup) throws {
        let world = try DecodeWorld(type)
        let names = world.runner.stream.kernels.name(of:)
        let layer = [
            "product (few rows)", "paged attention", "product (few rows)",
            "product (few rows)", "paged attention", "product (few rows)",
            "product (few rows)", "product (few rows)",
        ]
        let layers = Array(repeating: layer, count: TinyModel.configuration.decoderLayers).joined()
        let step = ["feed", "embed"] + layers + ["gather", "product (few rows)", "select"]
        for list in world.runner.decode.graphs.kernels { #expect(list.map(names) == step) }
        // What the driver was told, and what it ran: nothing beside them.
        var generator = SeededGenerator(seed: 132)
        for live in [1, 6] {
            world.sit(world.draw(Array(0..<live), using: &generator))
            world.runner.stream.synchronize()
            stapes_fake_cuda_clear_log()
            _ = try world.step(world.draw(Array(0..<live), using: &generator))
            #expect(stapes_fake_cuda_kernel_count(STAPES_FAKE_LAUNCHED) == 0)
            #expect(stapes_fake_cuda_kernel_count(STAPES_FAKE_RUN) == step.count, "\(live) rows")
        }
    }

    @Test func noGraphIsCapturedForAnEncoderLengthOfNothing() async {
        await #expect(processExitsWith: .failure) {
            _ = try? AttentionIndices(AttentionExtent(rows: 1, tokens: 1, pages: 28, audioContext: 0))
        }
        await #expect(processExitsWith: .success) {
            _ = try? AttentionIndices(AttentionExtent(rows: 1, tokens: 1, pages: 28, audioContext: 1))
        }
    }
}
