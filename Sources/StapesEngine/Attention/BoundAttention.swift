import StapesDevice
import StapesModel

/// A backend with the plan of one step: what the model is given to attend with.
struct BoundAttention: Attention {
    let backend: any AttentionBackend
    let pool: KVPool
    let stream: Stream
    /// Nil while windows are encoded.
    var plan: AttentionPlan?
    /// Windows that are encoded together.
    var windows = 0
    /// Where their keys and values go in the cross arena, `[windows * positions]`.
    var windowSlots: UnsafePointer<Int32>?

    func run(
        _ layer: AttentionLayer, query: MatrixView, key: MatrixView?, value: MatrixView?, into output: MatrixView
    ) {
        backend.run(
            layer, plan: plan, windows: windows, pool: pool, query: query, key: key, value: value, into: output,
            on: stream)
    }

    func write(_ layer: AttentionLayer, key: MatrixView, value: MatrixView) {
        guard let windowSlots else { preconditionFailure("only an encoded window is written without a query") }
        backend.write(layer, pool: pool, key: key, value: value, slots: windowSlots, on: stream)
    }
}
