import StapesModel
import Testing

struct KnownModelsTests {
    /// Millions of parameters, as the models' descriptions have them. OpenAI's numbers are up to 3.2 % more than its
    /// files hold.
    @Test(arguments: [
        ("tiny.en", 39), ("tiny", 39), ("base.en", 74), ("base", 74), ("small.en", 244), ("small", 244),
        ("medium.en", 769), ("medium", 769), ("large-v1", 1550), ("large-v2", 1550), ("large-v3", 1550),
        ("large-v3-turbo", 809), ("distil-small.en", 166), ("distil-medium.en", 394), ("distil-large-v2", 756),
        ("distil-large-v3", 756), ("distil-large-v3.5", 756),
    ])
    func shapeHasThePublishedNumberOfParameters(name: String, millions: Int) throws {
        let configuration = try #require(KnownModels.configuration(named: name))
        let count = Checkpoint.random(configuration, seed: 1).parameterCount
        #expect(abs(Double(count) / Double(millions) / 1e6 - 1) < 0.035, "\(count)")
    }

    @Test(arguments: [
        ("tiny", 80, 4, 384, 4), ("base.en", 80, 6, 512, 6), ("small", 80, 12, 768, 12),
        ("medium.en", 80, 24, 1024, 24),
        ("large-v2", 80, 32, 1280, 32), ("large-v3", 128, 32, 1280, 32), ("turbo", 128, 32, 1280, 4),
        ("distil-large-v2", 80, 32, 1280, 2), ("distil-large-v3", 128, 32, 1280, 2),
    ])
    func shapeIsThePublishedOne(name: String, bins: Int, encoderLayers: Int, width: Int, decoderLayers: Int) throws {
        let configuration = try #require(KnownModels.configuration(named: name))
        #expect(configuration.melBins == bins)
        #expect(configuration.width == width && configuration.feedForwardWidth == 4 * width)
        #expect(configuration.encoderLayers == encoderLayers && configuration.decoderLayers == decoderLayers)
        #expect(configuration.headWidth == 64 && configuration.decoderHeads == configuration.encoderHeads)
        #expect(configuration.audioContext == 1500 && configuration.textContext == 448)
        #expect(configuration.isMultilingual == !name.hasSuffix(".en"))
    }

    @Test func largeV3AndTurboHaveOneLanguageMore() {
        for name in KnownModels.names {
            let size = KnownModels.configuration(named: name)?.vocabularySize
            let isThird = name.contains("v3") || name == "turbo" || name == "large"
            #expect(size == (isThird ? 51866 : name.hasSuffix(".en") ? 51864 : 51865), "\(name)")
        }
    }

    @Test(arguments: [
        ("tiny.en", 8), ("tiny", 6), ("base.en", 5), ("base", 8), ("small.en", 19), ("small", 10), ("medium.en", 18),
        ("medium", 6), ("large-v1", 9), ("large-v2", 23), ("large-v3", 10), ("turbo", 6),
    ])
    func alignmentHeadsLieInTheDecoderInOrder(name: String, count: Int) throws {
        let configuration = try #require(KnownModels.configuration(named: name))
        let places = configuration.alignmentHeads.map { $0.layer * configuration.decoderHeads + $0.head }
        #expect(places.count == count)
        #expect(places == Set(places).sorted())
        #expect(
            configuration.alignmentHeads.allSatisfy {
                (0..<configuration.decoderLayers).contains($0.layer)
                    && (0..<configuration.decoderHeads).contains($0.head)
            })
    }

    @Test func nameThatIsNotPublishedHasNoShape() {
        #expect(KnownModels.configuration(named: "huge") == nil)
        #expect(KnownModels.configuration(named: "") == nil)
        #expect(KnownModels.configuration(named: "turbo") == KnownModels.configuration(named: "large-v3-turbo"))
        #expect(KnownModels.configuration(named: "large") == KnownModels.configuration(named: "large-v3"))
    }

    @Test(
        .enabled(if: !RealCheckpoints.present.isEmpty, "no trained weights in the cache folder"),
        arguments: RealCheckpoints.present)
    func trainedModelHasTheKnownShape(model: RealCheckpoints.Model) throws {
        var configuration = try Checkpoint(directory: model.directory).configuration
        configuration.suppressTokens = nil
        #expect(configuration == KnownModels.configuration(named: model.name))
    }
}
