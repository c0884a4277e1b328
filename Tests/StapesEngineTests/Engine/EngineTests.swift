import StapesDecoding
import StapesDevice
import StapesEngine
import StapesModel
import StapesTesting
import Testing

@Suite struct EngineTests {
    let model: TinyModel

    init() throws { model = try TinyModel() }

    @Test func sameWindowIsEncodedOnce() async throws {
        let engine = try await Engine(model.configuration())
        let first = try await engine.run(TinyModel.request(window: 1))
        let again = try await engine.run(TinyModel.request(window: 1, prompt: 9))
        let other = try await engine.run(TinyModel.request(window: 2))
        let shorter = try await engine.run(TinyModel.request(window: 1, positions: 50))
        #expect(first.times.encodeSeconds > 0 && first.times.prefillSeconds > 0 && first.times.decodeSeconds > 0)
        #expect(again.times.encodeSeconds == 0 && again.times.prefillSeconds > 0)
        #expect(other.times.encodeSeconds > 0 && shorter.times.encodeSeconds > 0)
    }

    @Test func stepLimitIsRespected() async throws {
        let engine = try await Engine(model.configuration())
        for steps in [1, 2, 15, 16, 17, 200] {
            let outcome = try await engine.run(TinyModel.request(window: 1, steps: steps, endless: true))
            guard case .transcript(let result) = outcome.answer else { continue }
            #expect(result.tokens.count == steps && outcome.times.tokens == steps)
            #expect(!result.tokens.contains(TinyModel.special.endOfText))
        }
    }

    @Test func sampledTokensKeepTheRules() async throws {
        let engine = try await Engine(model.configuration())
        let requests = (10..<18).map { TinyModel.request(window: $0, steps: 60) }
        let results = try await engine.together(requests)
        let special = TinyModel.special
        let suppressed = Set(special.suppressList(requested: [], nonSpeech: []) + [special.noTimestamps])
        for result in results {
            #expect(suppressed.isDisjoint(with: result.tokens))
            let first = try #require(result.tokens.first)
            #expect((special.timestampBegin...special.timestampBegin + 50).contains(first), "an early stamp first")
            let stamps = result.tokens.filter { $0 >= special.timestampBegin }
            #expect(stamps == stamps.sorted(), "stamps never go back")
            #expect(result.sumLogProbability < 0 && result.sumLogProbability.isFinite)
            #expect((0...1).contains(result.noSpeechProbability))
        }
    }

    @Test func languagesAreProbabilities() async throws {
        let engine = try await Engine(model.configuration())
        var seen: Set<[Float]> = []
        for window in 1...3 {
            let outcome = try await engine.run(TinyModel.question(window: window))
            guard case .languages(let probabilities) = outcome.answer else {
                Issue.record("languages were asked for")
                continue
            }
            #expect(probabilities.count == 10 && probabilities.allSatisfy { $0 > 0 && $0 < 1 })
            #expect(abs(probabilities.reduce(0, +) - 1) < 1e-5)
            seen.insert(probabilities)
        }
        #expect(seen.count == 3)
        #expect(await engine.holdings() == EngineHoldings())
    }

    @Test func languagesAndTranscriptsRunTogether() async throws {
        let engine = try await Engine(model.configuration())
        let question = TinyModel.question(window: 1)
        let alone = try await engine.transcript(TinyModel.mixed[0])
        async let languages = (0..<6).asyncMap { _ in try await engine.run(question) }
        let results = try await engine.together([TinyModel.mixed[0], TinyModel.mixed[3], TinyModel.mixed[0]])
        #expect(agree(results[0], alone) && agree(results[2], alone))
        #expect(try await languages.count == 6)
    }

    @Test func descriptionSaysWhatTheConfigurationCameTo() async throws {
        let engine = try await Engine(model.configuration(.bfloat16, backend: .reference, oneDNN: false, rows: 3))
        let description = engine.description
        #expect(description.computeType == .bfloat16 && !description.usesOneDNN && description.maximumRows == 3)
        #expect(description.prefillAttention == "reference" && description.decodeAttention == "reference")
        // Two layers, keys and values, 128 wide, two bytes.
        #expect(description.selfKVBytesPerToken == 2 * 2 * 128 * 2)
        #expect(description.crossKVBytesPerWindow == 2 * 2 * 128 * 2 * 100)
        #expect(description.model == TinyModel.configuration)
    }

    @Test func enginesStartTogether() async throws {
        let configuration = model.configuration()
        let started = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<6 {
                group.addTask {
                    guard let engine = try? await Engine(configuration) else { return false }
                    return (try? await engine.transcript(TinyModel.mixed[1])) != nil
                }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(started == 6)
    }
}

extension Sequence {
    fileprivate func asyncMap<T>(_ body: (Element) async throws -> T) async rethrows -> [T] {
        var values: [T] = []
        for element in self { values.append(try await body(element)) }
        return values
    }
}
