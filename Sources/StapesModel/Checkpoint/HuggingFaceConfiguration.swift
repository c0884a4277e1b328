/// What `config.json` and `generation_config.json` of a Hugging Face directory say.
enum HuggingFaceConfiguration {
    /// - Throws: `missingFile`, `unreadableFile`, `malformedFile`, `notWhisper`, `invalidConfiguration`.
    static func read(directory: String) throws(ModelError) -> ModelConfiguration {
        let path = "\(directory)/config.json"
        let model = try JSONFile.read(Kind.self, path: path)
        guard model.modelType == "whisper" else {
            throw ModelError(.notWhisper, "\(path): model_type is \(model.modelType ?? "absent"), not whisper")
        }
        let sizes = try JSONFile.read(Sizes.self, path: path)
        if let activation = sizes.activation, activation != "gelu" {
            throw ModelError(.notWhisper, "\(path): activation \(activation) is not Whisper's gelu")
        }
        guard sizes.scaleEmbedding != true else {
            throw ModelError(.notWhisper, "\(path): scale_embedding is set, which no Whisper model does")
        }
        guard sizes.encoderFeedForwardWidth == sizes.decoderFeedForwardWidth else {
            throw ModelError(
                .invalidConfiguration,
                "\(path): encoder_ffn_dim \(sizes.encoderFeedForwardWidth) and decoder_ffn_dim "
                    + "\(sizes.decoderFeedForwardWidth) differ")
        }
        let generation = try generationSettings(directory: directory)
        return try ModelConfiguration(
            melBins: sizes.melBins, audioContext: sizes.audioContext, width: sizes.width,
            encoderLayers: sizes.encoderLayers, encoderHeads: sizes.encoderHeads, decoderLayers: sizes.decoderLayers,
            decoderHeads: sizes.decoderHeads, feedForwardWidth: sizes.encoderFeedForwardWidth,
            vocabularySize: sizes.vocabularySize, textContext: sizes.textContext,
            alignmentHeads: generation.alignmentHeads,
            suppressTokens: generation.suppressTokens ?? sizes.suppressTokens
        ).validated(path: path)
    }

    /// The file came after the first Whisper repositories: it may be absent.
    private static func generationSettings(
        directory: String
    ) throws(ModelError) -> (alignmentHeads: [AlignmentHead], suppressTokens: [Int]?) {
        let path = "\(directory)/generation_config.json"
        let settings: Generation
        do {
            settings = try JSONFile.read(Generation.self, path: path)
        } catch {
            guard error.code == .missingFile else { throw error }
            return ([], nil)
        }
        let heads = try ModelConfiguration.alignmentHeads(pairs: settings.alignmentHeads, path: path)
        return (heads, settings.suppressTokens)
    }

    private struct Kind: Decodable {
        let modelType: String?

        enum CodingKeys: String, CodingKey { case modelType = "model_type" }
    }

    private struct Sizes: Decodable {
        let melBins, audioContext, width, encoderLayers, encoderHeads, encoderFeedForwardWidth: Int
        let decoderLayers, decoderHeads, decoderFeedForwardWidth, vocabularySize, textContext: Int
        let suppressTokens: [Int]?
        let activation: String?
        let scaleEmbedding: Bool?

        enum CodingKeys: String, CodingKey {
            case melBins = "num_mel_bins"
            case audioContext = "max_source_positions"
            case width = "d_model"
            case encoderLayers = "encoder_layers"
            case encoderHeads = "encoder_attention_heads"
            case encoderFeedForwardWidth = "encoder_ffn_dim"
            case decoderLayers = "decoder_layers"
            case decoderHeads = "decoder_attention_heads"
            case decoderFeedForwardWidth = "decoder_ffn_dim"
            case vocabularySize = "vocab_size"
            case textContext = "max_target_positions"
            case suppressTokens = "suppress_tokens"
            case activation = "activation_function"
            case scaleEmbedding = "scale_embedding"
        }
    }

    private struct Generation: Decodable {
        let alignmentHeads: [[Int]]?
        let suppressTokens: [Int]?

        enum CodingKeys: String, CodingKey {
            case alignmentHeads = "alignment_heads"
            case suppressTokens = "suppress_tokens"
        }
    }
}
