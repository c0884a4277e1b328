import CKernels
import StapesDevice
import StapesTesting

/// Query, key and value of some windows side by side in one row, as the model's projection leaves them.
struct EncoderWindow {
    let windows: Int
    let frames: Int
    let heads: Int
    let type: ScalarType
    let projected: Cells

    private var width: Int { heads * Int(STAPES_HEAD_WIDTH) }

    init(
        windows: Int = 1, frames: Int, heads: Int, type: ScalarType, sharpness: Float,
        using generator: inout SeededGenerator
    ) {
        self.windows = windows
        self.frames = frames
        self.heads = heads
        self.type = type
        let width = heads * Int(STAPES_HEAD_WIDTH)
        projected = Cells(random: windows * frames * 3 * width, type: type, using: &generator)
        for frame in 0..<windows * frames {
            for column in 0..<width { projected[frame * 3 * width + column] *= sharpness }
        }
    }

    /// A place for the output, with room after each row that nobody may write to.
    func makeOutput() -> Cells { Cells([Float](repeating: 9, count: windows * frames * (width + 8)), type: type) }

    /// One of the windows: its part of an output.
    func part(_ window: Int, of output: Cells) -> [UInt8] {
        let count = frames * (width + 8)
        return output.bytes(window * count..<(window + 1) * count)
    }

    func attend(on stream: StapesDevice.Stream) -> Cells {
        let output = makeOutput()
        attend(into: output, on: stream)
        return output
    }

    /// The same of one of the windows alone, to where it lies among all.
    func attend(window: Int, on stream: StapesDevice.Stream) -> [UInt8] {
        let output = makeOutput()
        attend(window..<window + 1, into: output, on: stream)
        return part(window, of: output)
    }

    func attend(into output: Cells, on stream: StapesDevice.Stream) { attend(0..<windows, into: output, on: stream) }

    private func attend(_ some: Range<Int>, into output: Cells, on stream: StapesDevice.Stream) {
        let size = type.byteCount
        let from = projected.pointer + some.lowerBound * frames * 3 * width * size
        stream.launch(
            stream.kernels.encoderAttention,
            stapes_encoder_attention_arguments(
                query: from, key: from + width * size, value: from + 2 * width * size,
                output: output.pointer + some.lowerBound * frames * (width + 8) * size, windows: Int64(some.count),
                frames: Int64(frames),
                heads: Int64(heads), stride: Int64(3 * width), output_stride: Int64(width + 8), scale: 0.125,
                type: type.kernelType))
        withExtendedLifetime((projected, output)) {}
    }
}
