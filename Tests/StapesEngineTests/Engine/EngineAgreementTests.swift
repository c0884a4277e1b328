import StapesDecoding
import StapesDevice
import StapesEngine
import StapesTesting
import Testing

/// Whatever computes the same agrees: backends, libraries, threads, instruction levels.
@Suite struct EngineAgreementTests {
    let model: TinyModel

    init() throws { model = try TinyModel() }

    @Test(arguments: [Setup.float32, .bfloat16]) func backendsAgree(_ type: Setup) async throws {
        let requests = [TinyModel.mixed[1], TinyModel.mixed[2], TinyModel.mixed[3], TinyModel.request(window: 8)]
        let cpu = try await Engine(model.configuration(type, backend: .cpu)).together(requests)
        let reference = try await Engine(model.configuration(type, backend: .reference)).together(requests)
        // Of bfloat16 the backends round other sums to other neighbours: a last place is 2^-8, and among random weights one
        // near tie may fall the other way, after which everything is different.
        let tolerance = type == .float32 ? 1e-4 : 0.05
        let apart = zip(cpu, reference).filter { !agree($0, $1, tolerance: tolerance) }
        #expect(apart.count <= (type == .float32 ? 0 : 1), "\(apart)")
        for (one, other) in apart {
            #expect(one.tokens.prefix(3) == other.tokens.prefix(3))
            #expect(abs(one.noSpeechProbability - other.noSpeechProbability) <= tolerance)
        }
    }

    /// Windows in eight bits: every level's kernels and the plain ones say the same, and not what four bytes say.
    @Test(arguments: CPULevel.available) func backendsAgreeOnWindowsOfEightBits(_ level: CPULevel) async throws {
        let requests = [TinyModel.mixed[1], TinyModel.mixed[2], TinyModel.mixed[3], TinyModel.request(window: 8)]
        var configuration = model.configuration(.crossFloat8, oneDNN: false)
        configuration.level = level
        let cpu = try await Engine(configuration).together(requests)
        (configuration.prefillBackend, configuration.decodeBackend) = (.reference, .reference)
        let reference = try await Engine(configuration).together(requests)
        for (one, other) in zip(cpu, reference) { #expect(agree(one, other, tolerance: 1e-4)) }
        let exact = try await Engine(model.configuration(.float32, oneDNN: false)).together(requests)
        #expect(zip(cpu, exact).contains { $0.noSpeechProbability != $1.noSpeechProbability })
    }

    @Test func oneDNNAgreesWithOurOwnKernels() async throws {
        let with = try await Engine(model.configuration(oneDNN: true)).together(TinyModel.mixed)
        let without = try await Engine(model.configuration(oneDNN: false)).together(TinyModel.mixed)
        for (index, (one, other)) in zip(with, without).enumerated() {
            #expect(agree(one, other, tolerance: 1e-4), "request \(index): \(one), \(other)")
        }
    }

    @Test func threadsAgree() async throws {
        let one = try await Engine(model.configuration(threads: 1, oneDNN: false)).together(TinyModel.mixed)
        for threads in [2, 3] {
            let many = try await Engine(model.configuration(threads: threads, oneDNN: false)).together(TinyModel.mixed)
            for (left, right) in zip(one, many) { #expect(left == right, "\(threads) threads") }
        }
    }

    @Test(arguments: CPULevel.available) func levelsAgree(_ level: CPULevel) async throws {
        var configuration = model.configuration(oneDNN: false)
        let best = try await Engine(configuration).together(TinyModel.mixed)
        configuration.level = level
        let other = try await Engine(configuration).together(TinyModel.mixed)
        for (left, right) in zip(best, other) { #expect(agree(left, right, tolerance: 1e-4)) }
    }

    /// Windows of every length, which reach oneDNN as products of any number of rows.
    @Test func windowOfAnyLengthIsServed() async throws {
        let engine = try await Engine(model.configuration(oneDNN: true))
        let plain = try await Engine(model.configuration(oneDNN: false))
        for positions in [1, 2, 3, 5, 6, 7, 11, 15, 16, 17, 31, 63, 64, 65, 98, 99, 100] {
            let request = TinyModel.request(window: 9, positions: positions, steps: 4)
            let (one, other) = (try await engine.transcript(request), try await plain.transcript(request))
            #expect(agree(one, other, tolerance: 1e-4), "\(positions) positions")
        }
    }
}
