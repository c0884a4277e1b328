import CUDAEmulator
import StapesDevice
import StapesEngine
import StapesTesting
import Testing

/// FlashInfer's backend on stand-ins for the driver and the library, which reads the pages that were planned for and no
/// others.
@Suite(.serialized, .timeLimit(.minutes(5))) struct FlashInferTests {
    /// Lengths that cross pages, windows of any length, members that come and go: graph and eager step say the same.
    @Test func replaysAreEagerStepsWhateverTheLengths() throws {
        let world = try DecodeWorld(.flashInfer, rows: 4)
        let seed: UInt64 = 210
        var generator = SeededGenerator(seed: seed)
        for live in [4, 1, 3, 2, 4] {
            let batch = world.draw(Array((0..<4).shuffled(using: &generator).prefix(live)), using: &generator)
            let eager = try world.step(batch, eagerly: true)
            let replayed = try world.step(batch)
            guard case .graph = replayed.route else {
                Issue.record("\(live) rows were not replayed")
                continue
            }
            #expect(replayed.outcomes == eager.outcomes, "\(live) rows, seed \(seed)")
        }
    }

    /// The same caches, the same rows: our kernels and FlashInfer's give the same logits.
    @Test func backendsAgree() throws {
        var rows: [[Float]] = []
        for setup in [Setup.gpu, .flashInfer] {
            let world = try DecodeWorld(setup, rows: 2)
            let live = [world.live(0, context: 37, encoderLength: 100), world.live(1, context: 200, encoderLength: 17)]
            world.sit(live)
            let batch = DecodeBatch(rows: live.map(\.row), seats: [0, 0], epoch: 1)
            let launched = try world.runner.decode.run(batch)
            rows += (0..<2).map { world.logits($0, of: launched, in: world.runner.decode) }
        }
        for (native, other) in [(rows[0], rows[2]), (rows[1], rows[3])] {
            let worst = zip(native, other).map { abs($0 - $1) }.max() ?? .infinity
            #expect(worst < 0.03 && native.contains { abs($0) > 0.5 }, "apart by \(worst)")
        }
    }

    /// What was wrong elsewhere: a cross plan from the decoder's lengths. Steps then read a page of each window.
    @Test func crossPlanFromDecoderLengthsChangesTheLogits() throws {
        let world = try DecodeWorld(.flashInfer, rows: 1)
        let right = world.live(0, context: 4, encoderLength: 100)
        let wrong = world.live(0, context: 4, encoderLength: 5)
        #expect(try world.step([right]).outcomes[0].logits != world.step([wrong]).outcomes[0].logits)
    }

    /// Members that stay are not planned for again, but where a sequence goes on to its next page.
    @Test func plansAreKeptWhileMembersAndPagesStay() throws {
        let world = try DecodeWorld(.flashInfer, rows: 2)
        let live = (0..<2).map { world.live($0, context: 1, encoderLength: 60) }
        world.sit(live)
        var batch = DecodeBatch(rows: live.map(\.row), seats: live.map(\.seat), epoch: 1)
        _ = try world.runner.decode.run(batch)
        let before = stapes_fake_flashinfer_planned().decode
        for step in 2...33 {
            for row in 0..<2 { batch.attention.rows[row].context = step }
            _ = try world.runner.decode.settle(world.runner.decode.run(batch))
        }
        // Positions 16 and 32 begin pages of the self part.
        #expect(stapes_fake_flashinfer_planned().decode - before == 2)
    }

    @Test func decodeStepHasAtMostTwelveKernelsALayer() throws {
        let world = try DecodeWorld(.flashInfer, rows: 2)
        let layers = TinyModel.configuration.decoderLayers
        for list in world.runner.decode.graphs.kernels {
            // Feed, embedding; gather, logits with their norm, choice.
            #expect(list.count - 5 <= 12 * layers && list.count - 5 == 11 * layers)
        }
    }

    /// A request's bits may depend on the rows beside it, which is said.
    @Test func descriptionSaysThatRowsMayDependOnOthers() throws {
        let flashInfer = try EngineDescription(TinyModel.setup(.flashInfer), model: TinyModel.configuration)
        let native = try EngineDescription(TinyModel.setup(.gpu), model: TinyModel.configuration)
        #expect(!flashInfer.isDeterministic && native.isDeterministic)
    }

    /// It has no kernel for windows of eight bits, and says so before anything is loaded.
    @Test func windowsOfEightBitsAreRefusedByName() throws {
        var configuration = TinyModel.setup(.gpuCrossFloat8)
        for backends in [(BackendChoice.flashinfer, BackendChoice.native), (.native, .flashinfer)] {
            (configuration.prefillBackend, configuration.decodeBackend) = backends
            let error = #expect(throws: EngineError.self) { try configuration.checkDevice() }
            #expect(error?.code == .unavailable)
            #expect(
                error?.message
                    == "the attention backend 'flashinfer' reads no cross keys and values in float8; there is: native")
        }
        (configuration.prefillBackend, configuration.decodeBackend) = (.native, .native)
        try configuration.checkDevice()
    }
}
