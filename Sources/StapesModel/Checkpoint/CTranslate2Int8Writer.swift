/// Writes a model as CTranslate2's `model.bin` with int8 matrices, as its own converter does for `--quantization int8`:
/// matrices, convolutions and the token embedding as signed bytes with one scale a row, everything else in the float
/// type that it has.
///
/// Weights pass through memory about a megabyte at a time.
package struct CTranslate2Int8Writer {
    /// Takes the bytes of the file, in order.
    package typealias Sink = (UnsafeRawBufferPointer) throws -> Void

    private static let version: UInt32 = 6
    private static let revision: UInt32 = 3

    /// What a name stands for.
    private enum Content {
        /// A number in the format's type of that code.
        case scalar(typeCode: UInt8, bytes: [UInt8])
        /// Matrices one below the other.
        case quantized(parts: [Tensor], shape: [Int])
        /// Vectors one behind the other, nil for zeros; or a table.
        case floats(parts: [Tensor?], shape: [Int], type: ElementType)

        /// Of the data.
        var byteCount: Int {
            switch self {
            case .scalar(_, let bytes): bytes.count
            case .quantized(_, let shape): shape.reduce(1, *)
            case .floats(_, let shape, let type): shape.reduce(type.byteCount, *)
            }
        }

        /// Nil for what is not quantised.
        var quantizedRowCount: Int? {
            if case .quantized(_, let shape) = self { shape[0] } else { nil }
        }

        /// What comes before the data.
        func description(_ name: String) -> [UInt8] {
            switch self {
            case .scalar(let typeCode, _):
                CTranslate2Int8Writer.description(name, shape: [], typeCode: typeCode, byteCount: byteCount)
            case .quantized(_, let shape):
                CTranslate2Int8Writer.description(
                    name, shape: shape, typeCode: CTranslate2Int8Writer.code(of: .int8), byteCount: byteCount)
            case .floats(_, let shape, let type):
                CTranslate2Int8Writer.description(
                    name, shape: shape, typeCode: CTranslate2Int8Writer.code(of: type), byteCount: byteCount)
            }
        }
    }

    /// By name, as the format's own writer sorts them.
    private let variables: [(name: String, content: Content)]

    /// - Throws: `missingTensor`; `invalidConfiguration` for a weight larger than the format's 32 bits can say.
    package init(_ checkpoint: Checkpoint) throws(ModelError) {
        var variables = Self.scalars(checkpoint.configuration)
        var fused: [String: (parts: [Tensor?], shape: [Int])] = [:]
        for plan in TensorLayout.plans(for: checkpoint.configuration) {
            let rows = plan.cTranslate2
            let shape = [plan.shape[0] * rows.parts] + plan.shape.dropFirst()
            guard shape.reduce(4, *) <= UInt32.max else {
                throw ModelError(.invalidConfiguration, "\(checkpoint.origin): \(plan.name) is too large: \(shape)")
            }
            var group = fused[rows.variable] ?? ([Tensor?](repeating: nil, count: rows.parts), shape)
            group.parts[rows.part] = try checkpoint.tensor(plan.name)
            fused[rows.variable] = group
        }
        for (name, group) in fused {
            let parts = group.parts.compactMap { $0 }
            variables[name] =
                name.hasSuffix("/weight")
                ? .quantized(parts: parts, shape: group.shape)
                : .floats(parts: group.parts, shape: group.shape, type: Self.floatType(parts[0]))
        }
        self.variables = variables.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// Bytes of the file.
    package var byteCount: Int {
        variables.reduce(beginning.count + Self.ending.count) { sum, variable in
            let (name, content) = variable
            let count = sum + content.description(name).count + content.byteCount
            guard let rowCount = content.quantizedRowCount else { return count }
            return count + Self.scaleDescription(name, rowCount: rowCount).count + rowCount * 4
        }
    }

    /// - Throws: `malformedFile` for a number that is none; what `sink` throws.
    package func write(to sink: Sink) throws {
        try beginning.withUnsafeBytes(sink)
        for (name, content) in variables {
            try content.description(name).withUnsafeBytes(sink)
            switch content {
            case .scalar(_, let bytes): try bytes.withUnsafeBytes(sink)
            case .quantized(let parts, let shape):
                var scales: [Float] = []
                for part in parts { scales += try Self.writeQuantized(part, to: sink) }
                try Self.scaleDescription(name, rowCount: shape[0]).withUnsafeBytes(sink)
                try scales.withUnsafeBytes(sink)
            case .floats(let parts, _, let type):
                for part in parts {
                    if let part {
                        try Self.write(part, as: type, to: sink)
                    } else {
                        try [UInt8](repeating: 0, count: content.byteCount / parts.count).withUnsafeBytes(sink)
                    }
                }
            }
        }
        try Self.ending.withUnsafeBytes(sink)
    }

    private var beginning: [UInt8] {
        let scaleCount = variables.count { $0.content.quantizedRowCount != nil }
        return Self.little(Self.version) + Self.string("WhisperSpec") + Self.little(Self.revision)
            + Self.little(UInt32(variables.count + scaleCount))
    }

    /// The one alias: the output layer is the token embedding.
    private static var ending: [UInt8] {
        little(UInt32(1)) + string("decoder/projection/weight") + string("decoder/embeddings/weight")
    }

    /// What CTranslate2 4.8's specification of Whisper holds beside weights; all but the heads are the same in every
    /// model.
    private static func scalars(_ configuration: ModelConfiguration) -> [String: Content] {
        func byte(_ value: UInt8) -> Content { .scalar(typeCode: 1, bytes: [value]) }
        func short(_ value: Int) -> Content { .scalar(typeCode: 2, bytes: little(Int16(truncatingIfNeeded: value))) }
        return [
            "decoder/activation": byte(3),  // GELU
            "decoder/alibi": byte(0), "decoder/alibi_use_positive_positions": byte(0),
            "decoder/alignment_heads": short(1), "decoder/alignment_layer": short(-1),
            "decoder/num_heads": short(configuration.decoderHeads), "decoder/pre_norm": byte(1),
            "decoder/scale_alibi": byte(0), "decoder/scale_embeddings": byte(0),
            "decoder/start_from_zero_embedding": byte(0), "encoder/num_heads": short(configuration.encoderHeads),
        ]
    }

    /// A row is multiplied by 127 over its largest magnitude and rounded to the nearest, halves to even; a row of zeros
    /// gets the scale 1.
    ///
    /// - Returns: the scales of the rows.
    private static func writeQuantized(_ tensor: Tensor, to sink: Sink) throws -> [Float] {
        var scales: [Float] = []
        scales.reserveCapacity(tensor.rowCount)
        let rowLength = tensor.count / max(tensor.rowCount, 1)
        try tensor.withFloat32Slabs(limit: .greatestFiniteMagnitude) { values in
            var bytes = [Int8](repeating: 0, count: values.count)
            for start in stride(from: 0, to: values.count, by: rowLength) {
                var largest: Float = 0
                for index in start..<start + rowLength { largest = max(largest, abs(values[index])) }
                // Tiny rows: the scale must stay a float32.
                let scale = min(127 / (largest == 0 ? 127 : largest), Float.greatestFiniteMagnitude)
                scales.append(scale)
                for index in start..<start + rowLength {
                    bytes[index] = Int8(max(-127, min(127, (values[index] * scale).rounded(.toNearestOrEven))))
                }
            }
            try bytes.withUnsafeBytes(sink)
        }
        return scales
    }

    private static func write(_ tensor: Tensor, as type: ElementType, to sink: Sink) throws {
        try tensor.withFloat32Slabs(limit: .greatestFiniteMagnitude) { values in
            switch type {
            case .float16: try FloatConversion.float16Bits(values).withUnsafeBytes(sink)
            // The numbers were widened from this type: their lower halves are zero.
            case .bfloat16: try values.map { UInt16($0.bitPattern >> 16) }.withUnsafeBytes(sink)
            case .float32, .int8: try sink(UnsafeRawBufferPointer(values))
            }
        }
    }

    private static func floatType(_ tensor: Tensor) -> ElementType {
        tensor.elementType == .int8 ? .float32 : tensor.elementType
    }

    /// The format's number for a type.
    private static func code(of type: ElementType) -> UInt8 {
        switch type {
        case .float32: 0
        case .int8: 1
        case .float16: 4
        case .bfloat16: 5
        }
    }

    private static func scaleDescription(_ name: String, rowCount: Int) -> [UInt8] {
        description("\(name)_scale", shape: [rowCount], typeCode: code(of: .float32), byteCount: rowCount * 4)
    }

    private static func description(_ name: String, shape: [Int], typeCode: UInt8, byteCount: Int) -> [UInt8] {
        var bytes = string(name) + [UInt8(shape.count)]
        for dimension in shape { bytes += little(UInt32(truncatingIfNeeded: dimension)) }
        return bytes + [typeCode] + little(UInt32(truncatingIfNeeded: byteCount))
    }

    private static func string(_ text: String) -> [UInt8] {
        little(UInt16(truncatingIfNeeded: text.utf8.count + 1)) + Array(text.utf8) + [0]
    }

    private static func little(_ number: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: number.littleEndian) { Array($0) }
    }
}
