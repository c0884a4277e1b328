import CKernels
import StapesDevice
import StapesModel

/// Attention on the CPU by a table of kernels: `cpu` with the processor's own, `reference` with those in plain Swift.
package struct KernelAttentionBackend: AttentionBackend {
    package let name: String
    package let capabilities: AttentionCapabilities
    private let kernels: KernelTable

    package init(name: String, kernels: KernelTable, capabilities: AttentionCapabilities) {
        self.name = name
        self.kernels = kernels
        self.capabilities = capabilities
    }

    package func plan(_ batch: AttentionBatch, indices: AttentionIndices) -> AttentionPlan { indices.plan(batch) }

    package func run(
        _ layer: AttentionLayer, plan: AttentionPlan?, windows: Int, pool: KVPool, query: MatrixView, key: MatrixView?,
        value: MatrixView?, into output: MatrixView, on stream: Stream
    ) {
        switch layer.kind {
        case .encoderSelf:
            guard let key, let value else { preconditionFailure("the encoder attends to keys and values it brings") }
            attend(windows: windows, query: query, key: key, value: value, into: output, by: kernels, on: stream)
        case .decoderSelf, .decoderCross:
            guard let plan else { preconditionFailure("attention over the pool needs a plan") }
            if let key, let value {
                write(layer, pool: pool, key: key, value: value, slots: plan.slots, on: stream)
            }
            let part = layer.kind == .decoderSelf ? plan.selfPart : plan.crossPart
            stream.launch(
                kernels.pagedAttention,
                pagedAttentionArguments(part, cache: cache(layer, pool), query: query, into: output))
        }
    }

    package func write(
        _ layer: AttentionLayer, pool: KVPool, key: MatrixView, value: MatrixView, slots: UnsafePointer<Int32>,
        on stream: Stream
    ) {
        storeKeys(key, value, at: slots, in: cache(layer, pool), by: kernels, on: stream)
    }
}
