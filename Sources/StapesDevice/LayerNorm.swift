/// Weights of one layer normalisation, `gamma` and `beta` of `[width]`.
package struct LayerNorm: ~Copyable {
    /// Of every Whisper model (PyTorch's default).
    package static let epsilon: Float = 1e-5

    package let width: Int
    private let weights: Buffer

    package var gamma: UnsafePointer<Float> { UnsafePointer(weights.pointer.assumingMemoryBound(to: Float.self)) }
    package var beta: UnsafePointer<Float> { gamma + width }

    /// `fill` writes gamma and beta to the places it is given.
    package init<E: Error>(
        width: Int, fill: (_ gamma: UnsafeMutablePointer<Float>, _ beta: UnsafeMutablePointer<Float>) throws(E) -> Void
    ) throws {
        self.width = width
        let memory = try Buffer(of: Float.self, count: 2 * width)
        let values = memory.bound(to: Float.self).baseAddress!
        try fill(values, values + width)
        weights = memory
    }
}
