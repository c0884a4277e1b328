import StapesDecoding
import StapesEngine
import StapesModel
import StapesTesting
import StapesTokenizer
import Testing

/// Models of random weights that no file holds.
@Suite struct RandomModelTests {
    private func configuration(_ model: ModelSource, special: SpecialTokens) -> EngineConfiguration {
        EngineConfiguration(model: model, special: special, computeType: .float32, threads: 2, maximumRows: 4)
    }

    @Test func randomModelAnswersAsItsFilesWould() async throws {
        let files = try TinyModel()
        let source = ModelSource.random(TinyModel.configuration, seed: 7)
        let computed = try await Engine(configuration(source, special: TinyModel.special))
        let stored = try await Engine(configuration(.directory(files.directory.path), special: TinyModel.special))
        for request in TinyModel.mixed.prefix(3) {
            let (left, right) = (try await computed.transcript(request), try await stored.transcript(request))
            #expect(left == right)
        }
        #expect(computed.description.model == TinyModel.configuration)
    }

    @Test func anotherSeedIsAnotherModel() async throws {
        var results: [WindowResult] = []
        for seed in [7, 8] as [UInt64] {
            let source = ModelSource.random(TinyModel.configuration, seed: seed)
            let engine = try await Engine(configuration(source, special: TinyModel.special))
            results.append(try await engine.transcript(TinyModel.mixed[0]))
        }
        #expect(results[0].tokens != results[1].tokens)
    }

    /// The smallest published shape, with its own vocabulary and no tokenizer.
    @Test(arguments: [ComputeType.float32, .bfloat16])
    func publishedShapeRuns(computeType: ComputeType) async throws {
        let shape = try #require(KnownModels.configuration(named: "tiny"))
        let special = SpecialTokens(vocabularySize: shape.vocabularySize)
        var configuration = configuration(.random(shape, seed: 1), special: special)
        configuration.computeType = computeType
        let engine = try await Engine(configuration)
        var generator = SeededGenerator(seed: 1)
        let rules = LogitRules(
            special: special, options: FilterOptions(suppressTokens: [special.endOfText]), nonSpeechTokens: [],
            blankToken: 220)
        let prompt = [special.startOfTranscript, special.languages.lowerBound, special.transcribe]
        let result = try await engine.transcript(
            WindowRequest(
                features: (0..<2 * 50 * shape.melBins).map { _ in generator.nextSignedUnit() }, positions: 50,
                prompt: prompt, startIndex: 0, purpose: .transcript(rules, stepLimit: 8)))
        #expect(result.tokens.count == 8)
        // Neither a tie of all tokens, which would cost ln 51865 = 10.9 a token, nor certainty.
        #expect((-10 ... -0.01).contains(result.sumLogProbability / 8), "\(result)")
    }
}
