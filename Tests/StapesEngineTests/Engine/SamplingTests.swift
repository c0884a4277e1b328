import StapesDecoding
import StapesEngine
import StapesTesting
import Testing

/// A request and its seed name a text.
@Suite struct SamplingTests {
    private func request(_ temperature: Float, seed: UInt64, window: Int = 1) -> WindowRequest {
        TinyModel.request(
            window: window, steps: 30, endless: true, sampling: SamplingOptions(temperature: temperature, seed: seed))
    }

    @Test func sameSeedGivesTheSameTextAloneAndInABatch() async throws {
        let requests = (0..<6).map { request(0.3 * Float($0), seed: UInt64(10 + $0), window: $0 % 2) }
        let engine = try await Engine(TinyModel.setup())
        var alone: [WindowResult] = []
        for request in requests { alone.append(try await engine.transcript(request)) }
        #expect(try await engine.together(requests) == alone)
        let other = try await Engine(TinyModel.setup(rows: 2, looksAhead: true))
        #expect(try await other.together(requests) == alone)
        #expect(alone.map(\.temperature) == (0..<6).map { Double(0.3 * Float($0)) })
    }

    @Test func otherSeedGivesAnotherText() async throws {
        let engine = try await Engine(TinyModel.setup())
        let results = try await engine.together((0..<8).map { request(1, seed: $0) })
        #expect(Set(results.map(\.tokens)).count == 8)
    }

    @Test func seedIsNothingAtTemperatureZero() async throws {
        let engine = try await Engine(TinyModel.setup())
        let results = try await engine.together((0..<4).map { request(0, seed: $0) })
        #expect(Set(results).count == 1)
    }

    /// A sampled text is less likely than what is likeliest at each step, and the hotter the less.
    @Test func heatCostsLikelihood() async throws {
        let engine = try await Engine(TinyModel.setup())
        var sums: [Double] = []
        for temperature in [0, 0.5, 1, 3] as [Float] {
            let results = try await engine.together((0..<8).map { request(temperature, seed: $0, window: 2) })
            sums.append(results.reduce(0) { $0 + $1.sumLogProbability } / 8)
        }
        #expect(sums == sums.sorted(by: >), "\(sums)")
    }

    @Test func temperatureThatIsNoneIsInvalid() async throws {
        let engine = try await Engine(TinyModel.setup())
        for temperature in [-0.1, .nan, .infinity] as [Float] {
            #expect(await engine.failure(of: request(temperature, seed: 1)) == .invalidRequest)
        }
    }
}
