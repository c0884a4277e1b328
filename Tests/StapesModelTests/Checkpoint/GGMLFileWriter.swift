import StapesModel
import StapesTesting

/// Writes a random checkpoint as whisper.cpp's converter does, in f16, or with anything wrong in it.
struct GGMLFileWriter {
    struct Variable {
        var name: String
        /// As written: the innermost dimension first.
        var dimensions: [Int32]
        var type: UInt32
        var bytes: [UInt8]
    }

    var checkpoint: RandomCheckpoint
    /// Applied to every weight before it is written.
    var edit: (inout Variable) -> Void = { _ in }
    /// Applied to the eleven sizes and types of the header.
    var editSizes: (inout [Int32]) -> Void = { _ in }
    /// Bins and points of the mel filters.
    var filters: (Int32, Int32)?
    var vocabulary: [[UInt8]] = [[0x61], [], [0x62, 0x63]]
    /// Written in the place of the vocabulary's count.
    var tokenCount: Int32?

    func file() -> [UInt8] {
        let sizes = checkpoint.configuration
        var numbers = [
            sizes.vocabularySize, sizes.audioContext, sizes.width, sizes.encoderHeads, sizes.encoderLayers,
            sizes.textContext, sizes.width, sizes.decoderHeads, sizes.decoderLayers, sizes.melBins, 1,
        ].map(Int32.init)
        let (bins, points) = filters ?? (numbers[9], 2)
        editSizes(&numbers)
        var file = little(0x6767_6D6C as Int32)
        for number in numbers + [bins, points] { file += little(number) }
        file += [UInt8](repeating: 0, count: sizes.melBins * 2 * 4)
        file += little(tokenCount ?? Int32(vocabulary.count))
        for token in vocabulary { file += little(Int32(token.count)) + token }
        for plan in TensorLayout.plans(for: sizes) {
            var variable = stored(plan)
            edit(&variable)
            file += little(Int32(variable.dimensions.count)) + little(Int32(variable.name.utf8.count))
            file += little(variable.type)
            for dimension in variable.dimensions { file += little(dimension) }
            file += Array(variable.name.utf8) + variable.bytes
        }
        return file
    }

    @discardableResult
    func write(to directory: TemporaryDirectory, name: String = "ggml-tiny.bin") throws -> String {
        try directory.write(file(), to: name)
    }

    private func stored(_ plan: TensorPlan) -> Variable {
        let isFloat = plan.shape.count == 1 || plan.name.hasSuffix("positional_embedding")
        let isColumn = plan.shape.count == 1 && plan.name.contains("conv")
        let values = checkpoint.values(plan)
        return Variable(
            name: plan.name, dimensions: (plan.shape + (isColumn ? [1] : [])).reversed().map(Int32.init),
            type: isFloat ? 0 : 1,
            bytes: isFloat
                ? values.flatMap { little($0.bitPattern) } : values.flatMap { little(Float16($0).bitPattern) })
    }

    private func little(_ number: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: number.littleEndian) { Array($0) }
    }
}
