import Stapes
import StapesEngine
import StapesModel
import StapesTokenizer

/// What a bench of steps runs on: a model, or a published shape with random weights.
struct BenchedModel {
    let name: String
    let checkpoint: Checkpoint
    var configuration: EngineConfiguration

    init(_ engine: EngineFlags, randomWeights: PublishedShape?, maximumBatchSize: Int) throws {
        let directory = try randomWeights == nil ? engine.modelFlags.resolve() : ""
        var wishes = engine.configuration(modelDirectory: directory, maximumBatchSize: maximumBatchSize)
        wishes.instructionLevel = TranscriberEngine.instructionLevel
        let special: SpecialTokens
        if let randomWeights {
            checkpoint = Checkpoint.random(randomWeights.configuration, seed: 1)
            special = SpecialTokens(vocabularySize: randomWeights.configuration.vocabularySize)
        } else {
            checkpoint = try Checkpoint(directory: directory)
            special = try Tokenizer(
                directory: directory, vocabularySize: checkpoint.configuration.vocabularySize
            ).special
        }
        name = randomWeights?.name ?? engine.modelFlags.name
        configuration = try EngineConfiguration(wishes, special: special)
    }
}
