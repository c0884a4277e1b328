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
    /// The types of a window's keys and values.
    package let crossTypes: [ScalarType]
    /// Whether a row gets the same bits whatever rows are beside it.
    package let keepsRowsApart: Bool

    package init(
        crossAttention: Bool, capturesCrossAttention: Bool, types: [ScalarType], crossTypes: [ScalarType]? = nil,
        keepsRowsApart: Bool = true
    ) {
        self.crossAttention = crossAttention
        self.capturesCrossAttention = capturesCrossAttention
        self.types = types
        self.crossTypes = crossTypes ?? types
        self.keepsRowsApart = keepsRowsApart
    }
}

/// An implementation of attention: plan once a step, run once a layer.
package protocol AttentionBackend {
    var name: String { get }
    var capabilities: AttentionCapabilities { get }

    /// What the backend keeps for one kind of step besides its `AttentionIndices`; nil if nothing.
    func makeState(_ extent: AttentionExtent, registry: SlotRegistry) throws(DeviceError) -> (any AttentionState)?

    /// Turns the host's lengths and pages into what the kernels read.
    func plan(_ batch: AttentionBatch, indices: AttentionIndices) -> AttentionPlan

    /// Attends, as `Attention.run` says. `plan` is nil for the encoder's own attention alone, which is of `windows`
    /// windows.
    func run(
        _ layer: AttentionLayer, plan: AttentionPlan?, windows: Int, pool: KVPool, query: MatrixView, key: MatrixView?,
        value: MatrixView?, into output: MatrixView, on stream: Stream)

    /// Writes keys and values [T, width] to the layer's arena at `slots` [T].
    func write(
        _ layer: AttentionLayer, pool: KVPool, key: MatrixView, value: MatrixView, slots: UnsafePointer<Int32>,
        on stream: Stream)
}

extension AttentionBackend {
    package func makeState(
        _ extent: AttentionExtent, registry: SlotRegistry
    ) throws(DeviceError) -> (any AttentionState)? { nil }
}

/// What steps of one kind can grow to.
package struct AttentionExtent: Sendable, Hashable {
    package let rows: Int
    package let tokens: Int
    /// Pages of a sequence.
    package let pages: Int
    /// The model's maximum source positions: the encoder length that graphs are captured with.
    package let audioContext: Int
    package let padding: AttentionIndices.GroupPadding

    package init(
        rows: Int, tokens: Int, pages: Int, audioContext: Int = 1500, padding: AttentionIndices.GroupPadding = .rows
    ) {
        self.rows = rows
        self.tokens = tokens
        self.pages = pages
        self.audioContext = audioContext
        self.padding = padding
    }
}

/// Index arrays and plans of a backend's own, for one kind of step.
package protocol AttentionState: AnyObject {
    /// Takes in the rows of a step.
    ///
    /// - Parameter membersChanged: whether more than contexts differ from the last time.
    func bind(_ batch: AttentionBatch, membersChanged: Bool)

    /// Plans for what stands in the slots, padding included, before they are uploaded. Never while a graph is recorded.
    func prepare(_ size: StepSize, inGraph: Bool) throws(DeviceError)
}
