import CKernels
import CUDADriver
import StapesDevice
import StapesModel

/// Attention by our own kernels on a GPU.
///
/// In a decode step the kernel that attends also writes the new token's key and value: a launch less a layer.
package final class NativeAttentionBackend: AttentionBackend {
    package let name = BackendChoice.native.rawValue
    package let capabilities = BackendChoice.native.capabilities
    /// Partial results of long sequences, which several blocks share, and how many of them have arrived.
    private let partials: Buffer
    private let arrivals: Buffer
    private let groups: Int

    /// - Parameters:
    ///   - groups: the most groups of a step.
    ///   - longest: the longest sequence or window, in positions.
    ///   - stream: where all steps run.
    init(groups: Int, heads: Int, longest: Int, on stream: Stream) throws(DeviceError) {
        self.groups = groups
        partials = try Buffer(
            of: Float.self, count: Int(stapes_cuda_partial_count(Int64(groups), Int64(heads), Int64(longest))),
            on: stream)
        arrivals = try Buffer(of: UInt32.self, count: groups * heads, on: stream)
    }

    package func plan(_ batch: AttentionBatch, indices: AttentionIndices) -> AttentionPlan { indices.plan(batch) }

    package func run(
        _ layer: AttentionLayer, plan: AttentionPlan?, windows: Int, pool: KVPool, query: MatrixView, key: MatrixView?,
        value: MatrixView?, into output: MatrixView, on stream: Stream
    ) {
        switch layer.kind {
        case .encoderSelf:
            guard let key, let value else { preconditionFailure("the encoder attends to keys and values it brings") }
            attend(windows: windows, query: query, key: key, value: value, into: output, on: stream)
        case .decoderSelf, .decoderCross:
            guard let plan else { preconditionFailure("attention over the pool needs a plan") }
            let part = layer.kind == .decoderSelf ? plan.selfPart : plan.crossPart
            precondition(part.groups <= groups, "more groups than there is room for partial results")
            var appended: (key: MatrixView, value: MatrixView)?
            if let key, let value {
                if plan.isDecode {
                    appended = (key, value)
                } else {
                    write(layer, pool: pool, key: key, value: value, slots: plan.slots, on: stream)
                }
            }
            let cache = cache(layer, pool)
            let arguments = stapes_cuda_attention_arguments(
                attention: pagedAttentionArguments(part, cache: cache, query: query, into: output),
                key: appended.map { UnsafeRawPointer($0.key.pointer) },
                value: appended.map { UnsafeRawPointer($0.value.pointer) },
                slots: appended == nil ? nil : plan.slots, key_stride: Int64(appended?.key.rowStride ?? 0),
                value_stride: Int64(appended?.value.rowStride ?? 0), partials: partials.start(),
                arrivals: arrivals.start())
            let kernels = stream.kernels
            stream.launch(
                cache.type == STAPES_FLOAT8 ? kernels.pagedAttentionFloat8 : kernels.pagedAttention, arguments)
        }
    }

    package func write(
        _ layer: AttentionLayer, pool: KVPool, key: MatrixView, value: MatrixView, slots: UnsafePointer<Int32>,
        on stream: Stream
    ) {
        storeKeys(key, value, at: slots, in: cache(layer, pool), by: stream.kernels, on: stream)
    }
}
