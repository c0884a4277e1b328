extension ModelConfiguration {
    /// Bounds far above every published model (large: 32 layers, width 1280) and low enough that no product of sizes
    /// overflows and no list made from them is large.
    private enum Limit {
        static let size = 1 << 16
        static let layers = 256
        static let feedForwardWidth = 1 << 20
        static let vocabularySize = 1 << 24
    }

    /// A configuration from numbers that a file claims. Where no usable alignment head is named, it gets those of the
    /// published model of its shape, or the default.
    ///
    /// Alignment heads outside the decoder are dropped (distilled models carry their teacher's), as are suppressed ids
    /// outside the vocabulary (some files hold -1).
    ///
    /// - Throws: `invalidConfiguration`.
    package func validated(path: String) throws(ModelError) -> ModelConfiguration {
        let sizes: [(name: String, value: Int, limit: Int)] = [
            ("mel bins", melBins, Limit.size), ("audio context", audioContext, Limit.size),
            ("width", width, Limit.size), ("encoder layers", encoderLayers, Limit.layers),
            ("encoder heads", encoderHeads, Limit.size), ("decoder layers", decoderLayers, Limit.layers),
            ("decoder heads", decoderHeads, Limit.size), ("text context", textContext, Limit.size),
            ("feed-forward width", feedForwardWidth, Limit.feedForwardWidth),
            ("vocabulary size", vocabularySize, Limit.vocabularySize),
        ]
        for (name, value, limit) in sizes where value < 1 || value > limit {
            throw ModelError(.invalidConfiguration, "\(path): \(name) of \(value) is outside 1...\(limit)")
        }
        guard encoderHeads == decoderHeads, width % encoderHeads == 0 else {
            throw ModelError(
                .invalidConfiguration,
                "\(path): width \(width) does not divide into \(encoderHeads) encoder and \(decoderHeads) decoder heads"
            )
        }
        var result = self
        result.alignmentHeads.removeAll {
            !(0..<decoderLayers).contains($0.layer) || !(0..<decoderHeads).contains($0.head)
        }
        if result.alignmentHeads.isEmpty {
            result.alignmentHeads =
                KnownModels.alignmentHeads(
                    decoderLayers: decoderLayers, heads: decoderHeads, vocabularySize: vocabularySize)
                ?? AlignmentHead.upperHalf(layers: decoderLayers, heads: decoderHeads)
        }
        result.suppressTokens?.removeAll { !(0..<vocabularySize).contains($0) }
        return result
    }

    /// Pairs of layer and head as JSON files list them; none where the file has no list.
    ///
    /// - Throws: `malformedFile` when an entry is not a pair.
    static func alignmentHeads(pairs: [[Int]]?, path: String) throws(ModelError) -> [AlignmentHead] {
        var heads: [AlignmentHead] = []
        for pair in pairs ?? [] {
            guard pair.count == 2 else {
                throw ModelError(.malformedFile, "\(path): an alignment head is not a pair of layer and head: \(pair)")
            }
            heads.append(AlignmentHead(layer: pair[0], head: pair[1]))
        }
        return heads
    }
}
