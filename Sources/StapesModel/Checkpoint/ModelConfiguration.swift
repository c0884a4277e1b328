/// A Whisper model's sizes and published facts, read from its files.
package struct ModelConfiguration: Sendable, Hashable {
    /// Mel bands of the input: 80, or 128 from large-v3 on.
    package var melBins: Int
    /// Encoder positions: 1500, one for two spectrogram frames.
    package var audioContext: Int
    /// Features of every residual stream.
    package var width: Int
    package var encoderLayers: Int
    package var encoderHeads: Int
    package var decoderLayers: Int
    package var decoderHeads: Int
    package var feedForwardWidth: Int
    /// Token ids: 51864 for English-only models, 51865 or 51866 for multilingual ones.
    package var vocabularySize: Int
    /// Decoder positions: 448.
    package var textContext: Int
    /// Cross-attention heads whose weights follow time. Where the files name none, those of the published model of the
    /// same shape; without one, all heads of the upper half of the decoder, as in the reference.
    package var alignmentHeads: [AlignmentHead]
    /// Token ids that the files say are never to be sampled; `nil` where the files say nothing.
    package var suppressTokens: [Int]?

    package init(
        melBins: Int, audioContext: Int = 1500, width: Int, encoderLayers: Int, encoderHeads: Int, decoderLayers: Int,
        decoderHeads: Int, feedForwardWidth: Int, vocabularySize: Int, textContext: Int = 448,
        alignmentHeads: [AlignmentHead]? = nil, suppressTokens: [Int]? = nil
    ) {
        self.melBins = melBins
        self.audioContext = audioContext
        self.width = width
        self.encoderLayers = encoderLayers
        self.encoderHeads = encoderHeads
        self.decoderLayers = decoderLayers
        self.decoderHeads = decoderHeads
        self.feedForwardWidth = feedForwardWidth
        self.vocabularySize = vocabularySize
        self.textContext = textContext
        self.alignmentHeads = alignmentHeads ?? AlignmentHead.upperHalf(layers: decoderLayers, heads: decoderHeads)
        self.suppressTokens = suppressTokens
    }

    /// Features of one attention head: 64 in every published model.
    package var headWidth: Int { width / encoderHeads }

    /// English-only models have one token fewer than the smallest multilingual vocabulary.
    package var isMultilingual: Bool { vocabularySize >= 51865 }
}

/// One head of the decoder's cross-attention.
package struct AlignmentHead: Sendable, Hashable {
    package var layer: Int
    package var head: Int

    package init(layer: Int, head: Int) {
        self.layer = layer
        self.head = head
    }

    static func upperHalf(layers: Int, heads: Int) -> [AlignmentHead] {
        (layers / 2..<max(layers, layers / 2)).flatMap { layer in
            (0..<max(heads, 0)).map { AlignmentHead(layer: layer, head: $0) }
        }
    }
}
