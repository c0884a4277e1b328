import StapesModel
import StapesTesting
import Testing

struct RandomCheckpointTests {
    private let random = RandomCheckpoint.tiny

    @Test func weightsAreThoseOfTheFilesWithTheSameSeed() throws {
        let directory = try TemporaryDirectory()
        try random.write(to: directory.path)
        let (stored, computed) = (
            try Checkpoint(directory), Checkpoint.random(random.configuration, seed: random.seed)
        )
        #expect(computed.tensorNames == stored.tensorNames)
        #expect(computed.parameterCount == stored.parameterCount)
        for name in stored.tensorNames {
            let (expected, tensor) = (try stored.tensor(name), try computed.tensor(name))
            #expect(tensor.shape == expected.shape && tensor.elementType == expected.elementType)
            #expect(tensor.float32Values() == expected.float32Values(), "\(name)")
        }
    }

    @Test func weightsAreNeverHeld() throws {
        let configuration = try #require(KnownModels.configuration(named: "large-v3"))
        let checkpoint = Checkpoint.random(configuration, seed: 1)
        #expect(checkpoint.format == nil && checkpoint.byteCount == 0)
        let tensor = try checkpoint.tensor("decoder.token_embedding.weight")
        #expect(tensor.withUnsafeBytes { $0.isEmpty } && tensor.rowScaleValues() == nil)
        #expect(tensor.count == 51866 * 1280)
    }

    @Test func matricesKeepTheSizeOfWhatGoesThroughThem() throws {
        for width in [64, 384] {
            let checkpoint = Checkpoint.random(.random(width: width), seed: 3)
            for (name, square) in [
                ("encoder.blocks.0.attn.query.weight", 1 / Float(width)),
                ("decoder.blocks.1.mlp.2.weight", 1 / Float(4 * width)),
                ("decoder.token_embedding.weight", 4 / Float(width)),
                ("decoder.positional_embedding", 1 / Float(width)),
            ] {
                let values = try checkpoint.tensor(name).float32Values()
                let mean = values.reduce(0) { $0 + $1 * $1 } / Float(values.count)
                #expect(abs(mean / square - 1) < 0.1, "\(name), width \(width)")
            }
            let scales = try checkpoint.tensor("decoder.ln.weight").float32Values()
            #expect(scales.allSatisfy { abs($0 - 1) < 0.2 })
        }
    }

    @Test func weightThatTheModelDoesNotHaveIsNamedWithTheSeed() {
        let checkpoint = Checkpoint.random(random.configuration, seed: 41)
        #expect(checkpoint.tensorIfPresent("decoder.blocks.0.attn.key.bias") == nil)
        let error = #expect(throws: ModelError.self) { try checkpoint.tensor("decoder.nothing") }
        #expect(error?.code == .missingTensor)
        #expect(error?.message == "random weights of seed 41: the model has no weight named decoder.nothing")
    }
}
