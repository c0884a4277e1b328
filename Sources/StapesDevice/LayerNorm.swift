/// Weights of one layer normalisation, `gamma` and `beta` of `[width]`.
package struct LayerNorm: ~Copyable {
    /// Of every Whisper model (PyTorch's default).
    package static let epsilon: Float = 1e-5

    package let width: Int
    private let weights: Buffer

    package var gamma: UnsafePointer<Float> { UnsafePointer(weights.start()) }
    package var beta: UnsafePointer<Float> { gamma + width }

    /// - Parameters:
    ///   - gamma: `[width]`, and `beta` as well, on the host.
    ///   - stream: of the device that they are for.
    package init(gamma: [Float], beta: [Float], on stream: Stream) throws(DeviceError) {
        precondition(gamma.count == beta.count, "gamma and beta are of one width")
        width = gamma.count
        weights = try Buffer(of: Float.self, count: 2 * width, on: stream)
        stream.write(gamma, count: width, to: weights.start())
        stream.write(beta, count: width, to: weights.start() + width)
    }
}
