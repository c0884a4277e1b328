/// The shapes of the published models.
package enum KnownModels {
    /// Every name of a shape, other names last. They are the names that `stapes models` knows.
    package static var names: [String] { models.map(\.name) + aliases.keys.sorted() }

    /// The shape of a published model; nil for a name that is not among `names`.
    package static func configuration(named name: String) -> ModelConfiguration? {
        let canonical = aliases[name] ?? name
        return models.first { $0.name == canonical }?.configuration
    }

    /// The alignment heads of the published model with a decoder of this shape; nil where there is none.
    ///
    /// The first and the second large model have the same shape, and heads of their own; the second is meant.
    static func alignmentHeads(decoderLayers: Int, heads: Int, vocabularySize: Int) -> [AlignmentHead]? {
        models.last {
            $0.configuration.decoderLayers == decoderLayers && $0.configuration.decoderHeads == heads
                && $0.configuration.vocabularySize == vocabularySize
        }?.configuration.alignmentHeads
    }

    private static let aliases = ["large": "large-v3", "turbo": "large-v3-turbo"]

    private static let models: [KnownModel] = [
        KnownModel(
            "tiny", width: 384, layers: 4, vocabulary: .multilingual,
            alignment: [2: [2], 3: [0, 2, 3, 4, 5]]),
        KnownModel(
            "tiny.en", width: 384, layers: 4, vocabulary: .english,
            alignment: [1: [0], 2: [0, 5], 3: [0, 1, 2, 3, 4]]),
        KnownModel(
            "base", width: 512, layers: 6, vocabulary: .multilingual,
            alignment: [3: [1], 4: [2, 3, 7], 5: [1, 2, 4, 6]]),
        KnownModel(
            "base.en", width: 512, layers: 6, vocabulary: .english,
            alignment: [3: [3], 4: [7], 5: [1, 5, 7]]),
        KnownModel(
            "small", width: 768, layers: 12, vocabulary: .multilingual,
            alignment: [5: [3, 9], 8: [0, 4, 7, 8], 9: [0, 7, 9], 10: [5]]),
        KnownModel(
            "small.en", width: 768, layers: 12, vocabulary: .english,
            alignment: [
                6: [6], 7: [0, 3, 8], 8: [2, 5, 7], 9: [0, 4, 8, 10], 10: [0, 1, 2, 3, 6, 11], 11: [2, 4],
            ]),
        KnownModel(
            "medium", width: 1024, layers: 24, vocabulary: .multilingual,
            alignment: [13: [15], 15: [4, 15], 16: [1], 20: [0], 23: [4]]),
        KnownModel(
            "medium.en", width: 1024, layers: 24, vocabulary: .english,
            alignment: [
                11: [4], 14: [1, 12, 14], 15: [4], 16: [0, 4, 9], 17: [12, 14], 18: [7, 10, 15],
                20: [0, 3, 9, 14], 21: [12],
            ]),
        KnownModel(
            "large-v1", width: 1280, layers: 32, vocabulary: .multilingual,
            alignment: [9: [19], 11: [2, 4, 17], 22: [7, 11, 17], 23: [2, 15]]),
        KnownModel(
            "large-v2", width: 1280, layers: 32, vocabulary: .multilingual,
            alignment: [
                10: [12], 13: [17], 16: [11, 12, 13], 17: [15, 16], 18: [4, 11, 19], 19: [11], 21: [2, 3],
                22: [3, 9, 12], 23: [5, 7, 13], 25: [5], 26: [1, 12], 27: [15],
            ]),
        KnownModel(
            "large-v3", width: 1280, layers: 32, vocabulary: .withCantonese,
            alignment: [
                7: [0], 10: [17], 12: [18], 13: [12], 16: [1], 17: [14], 19: [11], 21: [4], 24: [1], 25: [6],
            ]),
        KnownModel(
            "large-v3-turbo", width: 1280, layers: 32, decoderLayers: 4, vocabulary: .withCantonese,
            alignment: [2: [4, 11], 3: [3, 6, 11, 14]]),
        KnownModel("distil-small.en", width: 768, layers: 12, decoderLayers: 4, vocabulary: .english),
        KnownModel("distil-medium.en", width: 1024, layers: 24, decoderLayers: 2, vocabulary: .english),
        KnownModel("distil-large-v2", width: 1280, layers: 32, decoderLayers: 2, vocabulary: .multilingual),
        KnownModel("distil-large-v3", width: 1280, layers: 32, decoderLayers: 2, vocabulary: .withCantonese),
        KnownModel("distil-large-v3.5", width: 1280, layers: 32, decoderLayers: 2, vocabulary: .withCantonese),
    ]
}

/// What tells one published model from another. The rest is the same in all: heads of 64 features, a feed-forward
/// layer four times as wide as the model, 1500 encoder positions and 448 decoder positions.
private struct KnownModel: Sendable {
    /// The three vocabularies; their sizes are rows of the token embedding.
    enum Vocabulary: Int, Sendable {
        case english = 51864
        case multilingual = 51865
        /// 100 languages. It came with large-v3, and with it inputs of 128 mel bands.
        case withCantonese = 51866
    }

    let name: String
    let configuration: ModelConfiguration

    /// - Parameters:
    ///   - layers: of the encoder, and of the decoder where nothing else is said.
    ///   - alignment: heads by decoder layer; nil where none were published.
    init(
        _ name: String, width: Int, layers: Int, decoderLayers: Int? = nil, vocabulary: Vocabulary,
        alignment: KeyValuePairs<Int, [Int]>? = nil
    ) {
        self.name = name
        configuration = ModelConfiguration(
            melBins: vocabulary == .withCantonese ? 128 : 80, width: width, encoderLayers: layers,
            encoderHeads: width / 64, decoderLayers: decoderLayers ?? layers, decoderHeads: width / 64,
            feedForwardWidth: 4 * width, vocabularySize: vocabulary.rawValue,
            alignmentHeads: alignment?.flatMap { layer, heads in heads.map { AlignmentHead(layer: layer, head: $0) } })
    }
}
