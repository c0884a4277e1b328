/// One arena's part of a plan: index arrays on the device, and what the host knows of them.
package struct KVPlan {
    /// First token, token count and page-table row of each group, `[groups]`.
    let groupFirsts: UnsafePointer<Int32>
    let groupCounts: UnsafePointer<Int32>
    let groupRows: UnsafePointer<Int32>
    /// Positions that each token attends to, `[tokens]`.
    let lengths: UnsafePointer<Int32>
    /// `[rows, tableStride]`.
    let pageTable: UnsafePointer<Int32>
    let groups: Int
    let tableStride: Int
    let longest: Int
}

/// What a step's attention reads and writes. Made once a step, used by every layer.
package struct AttentionPlan {
    package let tokens: Int
    /// Where each token's key and value go in the self arena, `[tokens]`.
    let slots: UnsafePointer<Int32>
    /// From decoder lengths.
    let selfPart: KVPlan
    /// From encoder lengths.
    let crossPart: KVPlan
}
