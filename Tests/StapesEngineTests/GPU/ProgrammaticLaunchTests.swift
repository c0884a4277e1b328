import CUDAEmulator
import StapesDevice
import StapesEngine
import StapesModel
import StapesTesting
import Testing

/// Kernels of a decode step that may begin while the kernel before them ends.
@Suite(.serialized, .timeLimit(.minutes(5))) struct ProgrammaticLaunchTests {
    private static func captured() -> [(name: String, isEarly: Bool)] {
        (0..<stapes_fake_cuda_kernel_count(STAPES_FAKE_CAPTURED)).map { index in
            (
                stapes_fake_cuda_kernel_name(STAPES_FAKE_CAPTURED, index).map { String(cString: $0) } ?? "",
                stapes_fake_cuda_kernel_is_early(STAPES_FAKE_CAPTURED, index)
            )
        }
    }

    /// What the decode graphs of a model consist of, one after the other.
    private static func decodeSteps(_ setup: Setup, launches: Bool) throws -> [[(name: String, isEarly: Bool)]] {
        _ = setup.device
        stapes_fake_cuda_clear_log()
        let world = try DecodeWorld(setup, launchesProgrammatically: launches)
        let kernels = captured()
        let starts = kernels.indices.filter { kernels[$0].name == "feed" }
        #expect(starts.count == world.runner.decode.graphs.kernels.count && !starts.isEmpty)
        return zip(starts, starts.dropFirst() + [kernels.count]).map { Array(kernels[$0..<$1]) }
    }

    @Test func allKernelsOfADecodeGraphButTheFirstBeginEarly() throws {
        for step in try Self.decodeSteps(.gpu, launches: true) {
            #expect(step.first.map(\.isEarly) == false && step.last?.name == "select")
            #expect(step.count == 2 + 8 * TinyModel.configuration.decoderLayers + 3)
            let late = step.dropFirst().filter { !$0.isEarly }.map(\.name)
            #expect(late.isEmpty, "\(late)")
        }
    }

    @Test func noKernelBeginsEarlyUnlessAskedFor() throws {
        for step in try Self.decodeSteps(.gpu, launches: false) {
            #expect(step.count > 20 && step.allSatisfy { !$0.isEarly })
        }
    }

    /// Neither a kernel of a library nor the one after it.
    @Test func kernelsBesideALibrarysAreLaunchedPlainly() throws {
        for step in try Self.decodeSteps(.flashInfer, launches: true) {
            let foreign = step.indices.filter { step[$0].name.hasPrefix("flashinfer") }
            #expect(foreign.count == 2 * TinyModel.configuration.decoderLayers)
            for index in foreign { #expect(!step[index].isEarly && !step[index + 1].isEarly) }
            let early = step.filter(\.isEarly).count
            #expect(early == step.count - 1 - 2 * foreign.count)
        }
    }

    /// Bit by bit, eager steps and graphs, in every kind of batch.
    @Test(arguments: [Setup.gpu, .gpuBFloat16, .gpuLibrary, .flashInfer])
    func requestsSayTheSame(setup: Setup) async throws {
        for graphs in [GraphMode.auto, .off] {
            let plain = TinyModel.setup(setup, rows: 4, looksAhead: true, graphs: GraphOptions(mode: graphs))
            var early = plain
            early.launchesProgrammatically = true
            let expected = try await Engine(plain).together(TinyModel.brief)
            stapes_fake_cuda_clear_log()
            let engine = try await Engine(early)
            let found = try await engine.together(TinyModel.brief)
            #expect(found == expected, "graphs \(graphs)")
            #expect(await engine.holdings() == EngineHoldings())
            let run = stapes_fake_cuda_kernel_count(STAPES_FAKE_RUN)
            let count = (0..<run).count { stapes_fake_cuda_kernel_is_early(STAPES_FAKE_RUN, $0) }
            #expect(count > run / 3, "\(count) of \(run) kernels began early")
        }
    }
}
