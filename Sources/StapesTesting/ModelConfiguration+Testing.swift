import StapesModel

extension ModelConfiguration {
    /// A model small enough to run in a test: 64 wide, one head, two layers on each side unless told otherwise.
    package static func random(
        vocabularySize: Int = 51864, width: Int = 64, heads: Int = 1, encoderLayers: Int = 2, decoderLayers: Int = 2,
        melBins: Int = 80, audioContext: Int = 1500, textContext: Int = 448
    ) -> ModelConfiguration {
        ModelConfiguration(
            melBins: melBins, audioContext: audioContext, width: width, encoderLayers: encoderLayers,
            encoderHeads: heads, decoderLayers: decoderLayers, decoderHeads: heads, feedForwardWidth: 4 * width,
            vocabularySize: vocabularySize, textContext: textContext)
    }

    /// `config.json` in Hugging Face's form.
    package var huggingFaceJSON: String {
        """
        {"model_type": "whisper", "activation_function": "gelu", "scale_embedding": false,
         "num_mel_bins": \(melBins), "max_source_positions": \(audioContext), "d_model": \(width),
         "encoder_layers": \(encoderLayers), "encoder_attention_heads": \(encoderHeads),
         "encoder_ffn_dim": \(feedForwardWidth), "decoder_layers": \(decoderLayers),
         "decoder_attention_heads": \(decoderHeads), "decoder_ffn_dim": \(feedForwardWidth),
         "vocab_size": \(vocabularySize), "max_target_positions": \(textContext)}
        """
    }

    /// `generation_config.json` in Hugging Face's form.
    package var huggingFaceGenerationJSON: String {
        let heads = alignmentHeads.map { "[\($0.layer), \($0.head)]" }.joined(separator: ", ")
        let suppressed = suppressTokens.map { ", \"suppress_tokens\": \($0)" } ?? ""
        return "{\"alignment_heads\": [\(heads)]\(suppressed)}"
    }
}
