import StapesDecoding
import StapesDevice
import StapesEngine
import StapesTesting
import Testing

/// The GPU's kernels, run by a stand-in for the driver, say what the CPU says.
@Suite(.serialized, .timeLimit(.minutes(5))) struct GPUAgreementTests {
    /// Whole requests through captured graphs: windows, prompts, decode steps, each row beside others.
    @Test(arguments: [
        (Setup.gpu, false), (.gpu, true), (.gpuCrossFloat8, true), (.gpuLibrary, true), (.flashInfer, false),
        (.flashInfer, true),
    ])
    func requestsThroughGraphsSayWhatTheCPUSays(setup: Setup, looksAhead: Bool) async throws {
        let requests = (1...3).map {
            TinyModel.request(window: $0, positions: 100 - 30 * $0, prompt: 2 + $0, steps: 6)
        }
        let cpu = try await Engine(TinyModel.setup(setup.onCPU, rows: 4)).together(requests)
        let engine = try await Engine(TinyModel.setup(setup, rows: 4, looksAhead: looksAhead))
        #expect(engine.description.decodeGraph.enabled && engine.description.device == .cuda(0))
        let gpu = try await engine.together(requests)
        for (index, (one, other)) in zip(cpu, gpu).enumerated() {
            #expect(one.tokens == other.tokens, "request \(index)")
            #expect(abs(one.sumLogProbability - other.sumLogProbability) < 0.05, "request \(index)")
            #expect(abs(one.noSpeechProbability - other.noSpeechProbability) < 0.01, "request \(index)")
        }
        #expect(await engine.holdings() == EngineHoldings())
    }

    /// Given the same text, the same logits: each within a hundredth of the CPU's in float32 for float16. Windows in eight
    /// bits are so on both; what float16 rounds to the other side of a middle is then a sixteenth apart.
    @Test(arguments: [
        (Setup.gpu, Float(0.01)), (.gpuBFloat16, 0.08), (.gpuLibrary, 0.01), (.gpuLibraryBFloat16, 0.08),
        (.gpuCrossFloat8, 0.015), (.gpuBFloat16CrossFloat8, 0.08),
    ])
    func logitsAreTheCPUsForAGivenText(setup: Setup, tolerance: Float) throws {
        let text = [401, 402, 413, 12, 77, 501, 9, 300, 44]
        func logits(_ setup: Setup) throws -> [[Float]] {
            let world = try DecodeWorld(setup, rows: 2)
            var rows: [[Float]] = []
            _ = try world.encode(TinyModel.features(5, positions: 100), positions: 100, block: 1)
            for count in 1...text.count {
                let prompt = world.prompt(
                    0, tokens: Array(text.prefix(count)), context: 0, encoderLength: 100, start: 0, samples: false)
                let launched = try world.runner.prefill.run([prompt], epoch: count)
                rows.append(world.logits(1, of: launched, in: world.runner.prefill))
                rows.append(world.logits(0, of: launched, in: world.runner.prefill))
            }
            return rows
        }
        let (cpu, gpu) = (try logits(setup.onCPU), try logits(setup))
        // The choice at seat 0 leaves a row as it is.
        let scale = cpu.joined().filter(\.isFinite).map(\.magnitude).max() ?? 0
        var worst: Float = 0
        for (one, other) in zip(cpu.joined(), gpu.joined()) where one.isFinite { worst = max(worst, abs(one - other)) }
        #expect(worst <= tolerance * max(1, scale), "worst \(worst) of \(scale)")
        #expect(scale > 0.5, "the logits are to differ")
    }
}
