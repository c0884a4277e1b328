/// Writes a model as one ggml file, in the types in which whisper.cpp's own converter and `quantize` leave its weights:
/// vectors and positions in f32, convolutions in f16 (f32 in an f32 file), matrices in the file's type.
///
/// Weights pass through memory about a megabyte at a time.
package struct GGMLWriter {
    /// Takes the bytes of the file, in order.
    package typealias Sink = (UnsafeRawBufferPointer) throws -> Void

    /// Of the layout of blocks; the file's type counts it in thousands.
    private static let blockVersion: UInt32 = 2

    private let checkpoint: Checkpoint
    private let type: GGMLType
    private let header: [UInt8]

    /// - Parameters:
    ///   - vocabulary: the bytes of the ordinary tokens by id.
    ///   - melFilters: `[melBins, spectrum points]`
    /// - Throws: `invalidConfiguration` for a model that the format cannot hold.
    package init(
        _ checkpoint: Checkpoint, type: GGMLType, vocabulary: [[UInt8]], melFilters: [Float]
    ) throws(ModelError) {
        let sizes = checkpoint.configuration
        guard sizes.feedForwardWidth == 4 * sizes.width else {
            throw ModelError(
                .invalidConfiguration,
                "\(checkpoint.origin): a ggml file has feed-forward layers four times as wide as the model, this one has "
                    + "\(sizes.feedForwardWidth) for \(sizes.width)")
        }
        guard type.blocks == nil || sizes.width % BlockFormat.length == 0 else {
            throw ModelError(
                .invalidConfiguration,
                "\(checkpoint.origin): rows of \(sizes.width) do not divide into blocks of \(BlockFormat.length)")
        }
        precondition(melFilters.count % sizes.melBins == 0, "a filter has one weight a spectrum point")
        self.checkpoint = checkpoint
        self.type = type

        var header: [UInt8] = []
        func append(_ number: UInt32) { withUnsafeBytes(of: number.littleEndian) { header += $0 } }
        func append(_ number: Int) { append(UInt32(truncatingIfNeeded: number)) }
        append(GGMLFile.magic)
        for size in [
            sizes.vocabularySize, sizes.audioContext, sizes.width, sizes.encoderHeads, sizes.encoderLayers,
            sizes.textContext, sizes.width, sizes.decoderHeads, sizes.decoderLayers, sizes.melBins,
        ] { append(size) }
        append(type.fileNumber + (type.blocks == nil ? 0 : 1000 * Self.blockVersion))
        append(sizes.melBins)
        append(melFilters.count / sizes.melBins)
        for weight in melFilters { append(weight.bitPattern) }
        append(vocabulary.count)
        for token in vocabulary {
            append(token.count)
            header += token
        }
        self.header = header
    }

    /// Bytes of the file.
    package var byteCount: Int {
        plans.reduce(header.count) { sum, plan in
            sum + description(plan).count + storedType(plan).byteCount(of: plan.shape.reduce(1, *))
        }
    }

    /// - Throws: `missingTensor`; `malformedFile` for a number that is none or does not fit half precision; what `sink`
    ///   throws.
    package func write(to sink: Sink) throws {
        try header.withUnsafeBytes(sink)
        for plan in plans {
            try description(plan).withUnsafeBytes(sink)
            try write(try checkpoint.tensor(plan.name), as: storedType(plan), to: sink)
        }
    }

    private var plans: [TensorPlan] { TensorLayout.plans(for: checkpoint.configuration) }

    private func storedType(_ plan: TensorPlan) -> GGMLType {
        if plan.shape.count == 1 || plan.name.hasSuffix("positional_embedding") { return .f32 }
        return plan.shape.count == 2 || type == .f32 ? type : .f16
    }

    /// What comes before a weight's data.
    private func description(_ plan: TensorPlan) -> [UInt8] {
        // The biases of convolutions are columns.
        let shape = plan.name.hasPrefix("encoder.conv") && plan.shape.count == 1 ? plan.shape + [1] : plan.shape
        let numbers = [shape.count, plan.name.utf8.count, Int(storedType(plan).number)] + shape.reversed()
        var bytes: [UInt8] = []
        for number in numbers {
            withUnsafeBytes(of: UInt32(truncatingIfNeeded: number).littleEndian) { bytes += $0 }
        }
        return bytes + Array(plan.name.utf8)
    }

    private func write(_ tensor: Tensor, as type: GGMLType, to sink: Sink) throws {
        let limit = type == .f32 ? Float.greatestFiniteMagnitude : Float(Float16.greatestFiniteMagnitude)
        try tensor.withFloat32Slabs(limit: limit) { values in
            guard let source = values.baseAddress else { return }
            switch type {
            case .f32: try sink(UnsafeRawBufferPointer(values))
            case .f16: try FloatConversion.float16Bits(values).withUnsafeBytes(sink)
            case .q4_0, .q4_1, .q5_0, .q5_1, .q8_0:
                guard let format = type.blocks else { return }
                let blockCount = values.count / BlockFormat.length
                var blocks = [UInt8](repeating: 0, count: blockCount * format.byteCount)
                blocks.withUnsafeMutableBytes { bytes in
                    if let base = bytes.baseAddress { format.quantize(source, blockCount: blockCount, to: base) }
                }
                try blocks.withUnsafeBytes(sink)
            }
        }
    }
}
