import StapesModel
import StapesTesting
import Testing

struct ModelConfigurationTests {
    /// The tiny checkpoint with one of its JSON files replaced.
    private func directory(replacing name: String, with text: String?) throws -> TemporaryDirectory {
        let directory = try TemporaryDirectory()
        try RandomCheckpoint.tiny.write(to: directory.path)
        if let text { try directory.write(text, to: name) } else { try directory.remove(name) }
        return directory
    }

    private func configuration(generation: String?) throws -> ModelConfiguration {
        try Checkpoint(directory(replacing: "generation_config.json", with: generation)).configuration
    }

    @Test func headsAndVocabularyDecideWidthAndLanguages() {
        let base = ModelConfiguration(
            melBins: 80, width: 512, encoderLayers: 6, encoderHeads: 8, decoderLayers: 6, decoderHeads: 8,
            feedForwardWidth: 2048, vocabularySize: 51865)
        #expect(base.headWidth == 64)
        #expect(base.isMultilingual)
        #expect(!ModelConfiguration.random(vocabularySize: 51864).isMultilingual)
    }

    @Test func withoutNamedAlignmentHeadsTheUpperHalfOfTheDecoderServes() throws {
        let upperHalf = [AlignmentHead(layer: 1, head: 0), AlignmentHead(layer: 1, head: 1)]
        #expect(try configuration(generation: nil).alignmentHeads == upperHalf)
        #expect(try configuration(generation: "{}").alignmentHeads == upperHalf)
        // A distilled model that kept its teacher's list.
        #expect(try configuration(generation: #"{"alignment_heads": [[7, 0], [1, 2]]}"#).alignmentHeads == upperHalf)
    }

    @Test func namedAlignmentHeadsAreKeptInOrder() throws {
        let heads = try configuration(generation: #"{"alignment_heads": [[1, 1], [0, 0], [9, 9]]}"#).alignmentHeads
        #expect(heads == [AlignmentHead(layer: 1, head: 1), AlignmentHead(layer: 0, head: 0)])
    }

    @Test func suppressedTokensComeFromTheGenerationSettings() throws {
        #expect(try configuration(generation: nil).suppressTokens == nil)
        #expect(try configuration(generation: #"{"suppress_tokens": [-1, 0, 2, 3]}"#).suppressTokens == [0, 2])
    }

    @Test func alignmentHeadThatIsNoPairIsRefused() throws {
        let directory = try directory(replacing: "generation_config.json", with: #"{"alignment_heads": [[1]]}"#)
        expectError(.malformedFile, naming: "generation_config.json", in: directory)
    }

    @Test(arguments: [
        ("num_mel_bins\": 2", "num_mel_bins\": 0", ModelError.Code.invalidConfiguration),
        ("d_model\": 4", "d_model\": -4", .invalidConfiguration),
        ("d_model\": 4", "d_model\": 5", .invalidConfiguration),
        ("encoder_layers\": 1", "encoder_layers\": 9223372036854775807", .invalidConfiguration),
        ("decoder_layers\": 2", "decoder_layers\": 9223372036854775807", .invalidConfiguration),
        ("decoder_layers\": 2", "decoder_layers\": 3", .missingTensor),
        ("decoder_attention_heads\": 2", "decoder_attention_heads\": 1", .invalidConfiguration),
        ("decoder_ffn_dim\": 16", "decoder_ffn_dim\": 8", .invalidConfiguration),
        ("vocab_size\": 3", "vocab_size\": 4", .shapeMismatch),
        ("vocab_size\": 3", "vocab_size\": \"3\"", .malformedFile),
        ("vocab_size\": 3", "vocab\": 3", .malformedFile),
        ("\"whisper\"", "\"bart\"", .notWhisper),
        ("\"gelu\"", "\"relu\"", .notWhisper),
        ("scale_embedding\": false", "scale_embedding\": true", .notWhisper),
        ("{", "", .malformedFile),
    ])
    func contradictorySettingsAreRefused(original: String, changed: String, code: ModelError.Code) throws {
        let text = RandomCheckpoint.tiny.configuration.huggingFaceJSON
        let edited = text.split(separator: original, maxSplits: 1, omittingEmptySubsequences: false)
            .joined(separator: changed)
        try #require(edited != text)
        let directory = try directory(replacing: "config.json", with: edited)
        expectError(code, naming: directory.path, in: directory)
    }

    @Test func missingFilesAreNamed() throws {
        expectError(.missingFile, naming: "config.json", in: try directory(replacing: "config.json", with: nil))
        expectError(.missingFile, naming: "model.bin", in: try directory(replacing: "model.safetensors", with: nil))
        let gone = try directory(replacing: "config.json", with: nil)
        #expect(throws: ModelError.self) { try Checkpoint(directory: gone.path + "/nowhere") }
    }

    @Test func directoryInPlaceOfAFileIsRefused() throws {
        let directory = try directory(replacing: "config.json", with: nil)
        try directory.makeDirectory("config.json")
        expectError(.unreadableFile, naming: "config.json", in: directory)
    }
}
