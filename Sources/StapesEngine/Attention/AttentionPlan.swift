/// One arena's part of a plan: index arrays on the device, and what the host knows of them.
package struct KVPlan {
    /// First token, token count and page-table row of each group, `[groups]`.
    package let groupFirsts: UnsafePointer<Int32>
    package let groupCounts: UnsafePointer<Int32>
    package let groupRows: UnsafePointer<Int32>
    /// Positions that each token attends to, `[tokens]`.
    package let lengths: UnsafePointer<Int32>
    /// `[rows, tableStride]`.
    package let pageTable: UnsafePointer<Int32>
    package let groups: Int
    package let tableStride: Int
    package let longest: Int
}

/// What a step's attention reads and writes. Made once a step, used by every layer.
package struct AttentionPlan {
    package let tokens: Int
    /// Where each token's key and value go in the self arena, `[tokens]`.
    package let slots: UnsafePointer<Int32>
    /// From decoder lengths.
    package let selfPart: KVPlan
    /// From encoder lengths.
    package let crossPart: KVPlan
    /// Whether every row has one token, so that a group of the self part is one token, the last of its sequence.
    package let isDecode: Bool
    /// What the backend has planned of its own, if it does.
    let state: (any AttentionState)?
}
