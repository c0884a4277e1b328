import StapesModel
import StapesTesting

/// Writes a random checkpoint as CTranslate2 does, in any of its element types.
struct CTranslate2Writer {
    enum Weights: CaseIterable { case float32, float16, bfloat16, int8, int8WithHalfScales }

    var checkpoint: RandomCheckpoint
    var weights: Weights = .float32
    var version: UInt32 = 6
    var specification = "WhisperSpec"
    var headCount: Int16?
    /// Applied to every variable's header fields before they are written.
    var edit: (inout Variable) -> Void = { _ in }

    struct Variable {
        var name: String
        var shape: [Int]
        var typeCode: UInt8
        var byteCount: Int
        var bytes: [UInt8]
    }

    func write(to directory: TemporaryDirectory) throws {
        try directory.write(file(), to: "model.bin")
        try directory.write(#"{"alignment_heads": [[1, 0]], "suppress_ids": [1, 2]}"#, to: "config.json")
    }

    func file() -> [UInt8] {
        var variables = fusedVariables().flatMap { stored($0.name, $0.shape, $0.values) }
        let heads = UInt16(bitPattern: headCount ?? Int16(checkpoint.configuration.encoderHeads))
        for stack in ["encoder", "decoder"] {
            variables.append(
                Variable(
                    name: "\(stack)/num_heads", shape: [], typeCode: 2, byteCount: 2,
                    bytes: [UInt8(heads & 255), UInt8(heads >> 8)]))
        }
        var file = little(version) + string(specification) + little(UInt32(3)) + little(UInt32(variables.count))
        for var variable in variables {
            edit(&variable)
            file += string(variable.name) + [UInt8(variable.shape.count)]
            for dimension in variable.shape { file += little(UInt32(truncatingIfNeeded: dimension)) }
            file += [variable.typeCode] + little(UInt32(truncatingIfNeeded: variable.byteCount)) + variable.bytes
        }
        file += little(UInt32(1)) + string("decoder/projection/weight") + string("decoder/embeddings/weight")
        return file
    }

    /// Variables in file order, their parts one below the other; the key's part of a fused bias is zero.
    private func fusedVariables() -> [(name: String, shape: [Int], values: [Float])] {
        var order: [String] = []
        var variables: [String: (shape: [Int], values: [Float])] = [:]
        for plan in TensorLayout.plans(for: checkpoint.configuration) {
            let rows = plan.cTranslate2
            let values = checkpoint.values(plan)
            var shape = plan.shape
            shape[0] *= rows.parts
            if variables[rows.variable] == nil {
                order.append(rows.variable)
                variables[rows.variable] = (shape, [Float](repeating: 0, count: values.count * rows.parts))
            }
            variables[rows.variable]?.values.replaceSubrange(
                rows.part * values.count..<(rows.part + 1) * values.count, with: values)
        }
        return order.compactMap { name in variables[name].map { (name, $0.shape, $0.values) } }
    }

    private func stored(_ name: String, _ shape: [Int], _ values: [Float]) -> [Variable] {
        let isQuantized = name.hasSuffix("weight")
        switch weights {
        case .int8 where isQuantized: return quantized(name, shape, values, halfScales: false)
        case .int8WithHalfScales where isQuantized: return quantized(name, shape, values, halfScales: true)
        case .float32, .int8:
            return [variable(name, shape, type: 0, bytes: values.flatMap { little($0.bitPattern) })]
        case .float16, .int8WithHalfScales:
            return [variable(name, shape, type: 4, bytes: values.flatMap { little(Float16($0).bitPattern) })]
        case .bfloat16:
            return [variable(name, shape, type: 5, bytes: values.flatMap { little(UInt16($0.bitPattern >> 16)) })]
        }
    }

    private func quantized(_ name: String, _ shape: [Int], _ values: [Float], halfScales: Bool) -> [Variable] {
        let rowLength = values.count / shape[0]
        var bytes: [UInt8] = []
        var scales: [Float] = []
        for row in 0..<shape[0] {
            let rowValues = values[row * rowLength..<(row + 1) * rowLength]
            let largest = rowValues.map(abs).max() ?? 0
            let scale = Float(Float16(largest == 0 ? 1 : 126 / largest))  // the same number in both precisions
            scales.append(scale)
            bytes += rowValues.map { UInt8(bitPattern: Int8(($0 * scale).rounded())) }
        }
        let scaleBytes =
            halfScales ? scales.flatMap { little(Float16($0).bitPattern) } : scales.flatMap { little($0.bitPattern) }
        return [
            variable(name, shape, type: 1, bytes: bytes),
            variable("\(name)_scale", [shape[0]], type: halfScales ? 4 : 0, bytes: scaleBytes),
        ]
    }

    private func variable(_ name: String, _ shape: [Int], type: UInt8, bytes: [UInt8]) -> Variable {
        Variable(name: name, shape: shape, typeCode: type, byteCount: bytes.count, bytes: bytes)
    }

    private func little(_ number: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: number.littleEndian) { Array($0) }
    }

    private func string(_ text: String) -> [UInt8] {
        little(UInt16(text.utf8.count + 1)) + Array(text.utf8) + [0]
    }
}
