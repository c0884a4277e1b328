import StapesDevice
import StapesModel

/// What a backend can do. Whoever chooses asks for abilities and never compares names.
package struct AttentionCapabilities: Sendable, Hashable {
    /// Cross-attention over paged keys and values.
    package let crossAttention: Bool
    /// Recording cross-attention into a graph and replaying it with other lengths, pages and blocks.
    package let capturesCrossAttention: Bool
    /// The types of queries, keys and values.
    package let types: [ScalarType]

    package init(crossAttention: Bool, capturesCrossAttention: Bool, types: [ScalarType]) {
        self.crossAttention = crossAttention
        self.capturesCrossAttention = capturesCrossAttention
        self.types = types
    }
}

/// An implementation of attention: plan once a step, run once a layer.
package protocol AttentionBackend {
    var name: String { get }
    var capabilities: AttentionCapabilities { get }

    /// Turns the host's lengths and pages into what the kernels read.
    func plan(_ batch: AttentionBatch, indices: AttentionIndices) -> AttentionPlan

    /// Attends, as `Attention.run` says. `plan` is nil for the encoder's own attention alone.
    func run(
        _ layer: AttentionLayer, plan: AttentionPlan?, pool: KVPool, query: MatrixView, key: MatrixView?,
        value: MatrixView?, into output: MatrixView, on stream: Stream)

    /// Writes keys and values [T, width] to the layer's arena at `slots` [T].
    func write(
        _ layer: AttentionLayer, pool: KVPool, key: MatrixView, value: MatrixView, slots: UnsafePointer<Int32>,
        on stream: Stream)
}
