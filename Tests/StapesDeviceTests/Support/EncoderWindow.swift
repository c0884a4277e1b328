import CKernels
import StapesDevice
import StapesTesting

/// Query, key and value of a window side by side in one row, as the model's projection leaves them.
struct EncoderWindow {
    let frames: Int
    let heads: Int
    let type: ScalarType
    let projected: Cells

    private var width: Int { heads * Int(STAPES_HEAD_WIDTH) }

    init(frames: Int, heads: Int, type: ScalarType, sharpness: Float, using generator: inout SeededGenerator) {
        self.frames = frames
        self.heads = heads
        self.type = type
        let width = heads * Int(STAPES_HEAD_WIDTH)
        projected = Cells(random: frames * 3 * width, type: type, using: &generator)
        for frame in 0..<frames {
            for column in 0..<width { projected[frame * 3 * width + column] *= sharpness }
        }
    }

    /// A place for the output, with room after each row that nobody may write to.
    func makeOutput() -> Cells { Cells([Float](repeating: 9, count: frames * (width + 8)), type: type) }

    func attend(on stream: StapesDevice.Stream) -> Cells {
        let output = makeOutput()
        attend(into: output, on: stream)
        return output
    }

    func attend(into output: Cells, on stream: StapesDevice.Stream) {
        let size = type.byteCount
        stream.launch(
            stream.kernels.encoderAttention,
            stapes_encoder_attention_arguments(
                query: projected.pointer, key: projected.pointer + width * size,
                value: projected.pointer + 2 * width * size, output: output.pointer, frames: Int64(frames),
                heads: Int64(heads), stride: Int64(3 * width), output_stride: Int64(width + 8), scale: 0.125,
                type: type.kernelType))
        withExtendedLifetime((projected, output)) {}
    }
}
