import CKernels
import COneDNN

/// One implementation of every operation. All of them take the argument structs of `stapes_kernels.h`.
package struct KernelTable: Sendable {
    package let name: String
    /// Whether float16 is widened in hardware: elsewhere it is read, but slowly.
    package let widensFloat16: Bool
    package let layerNorm: stapes_kernel
    package let pack: stapes_kernel
    package let matmul: stapes_kernel
    package let packInt8: stapes_kernel
    package let matmulInt8: stapes_kernel
    package let embed: stapes_kernel
    package let gather: stapes_kernel
    package let add: stapes_kernel
    package let convert: stapes_kernel
    package let storeKV: stapes_kernel
    package let pagedAttention: stapes_kernel
    package private(set) var encoderAttention: stapes_kernel
    package let refine: stapes_kernel
    package let select: stapes_kernel
    package let feed: stapes_kernel
    package let copyPages: stapes_kernel
    package let crossScores: stapes_kernel
    package let tokenProbability: stapes_kernel
}

extension KernelTable {
    /// The C kernels of an instruction level, or nil where this processor lacks it.
    package init?(_ level: CPULevel) {
        guard let kernels = stapes_kernels_at(level.kernelLevel)?.pointee else { return nil }
        name = level.rawValue
        widensFloat16 = kernels.widens_float16
        layerNorm = kernels.layer_norm
        pack = kernels.pack
        matmul = kernels.matmul
        packInt8 = kernels.pack_int8
        matmulInt8 = kernels.matmul_int8
        embed = kernels.embed
        gather = kernels.gather
        add = kernels.add
        convert = kernels.convert
        storeKV = kernels.store_kv
        pagedAttention = kernels.paged_attention
        encoderAttention = kernels.encoder_attention
        refine = kernels.refine
        select = kernels.select
        feed = kernels.feed
        copyPages = kernels.copy_pages
        crossScores = kernels.cross_scores
        tokenProbability = kernels.token_probability
    }
}

extension KernelTable {
    /// The same, but the encoder's attention, in float32, is multiplied in 16-bit integers where the processor does that.
    package var withInt16Attention: KernelTable {
        var table = self
        if let kernels = stapes_int16_kernels_here()?.pointee { table.encoderAttention = kernels.encoder_attention }
        return table
    }

    /// What a launched kernel is called, for profiles. Two operations of the same code have the name of the first.
    package func name(of kernel: UnsafeRawPointer) -> String {
        let int16 = stapes_int16_kernels_here()?.pointee
        let named: [(String, stapes_kernel)] = [
            ("product", matmul), ("product (int8)", matmulInt8), ("product (int16)", int16?.matmul ?? matmul),
            ("encoder attention", int16?.encoder_attention ?? encoderAttention),
            ("product (oneDNN)", stapes_onednn_execute), ("layer norm", layerNorm),
            ("encoder attention", encoderAttention), ("paged attention", pagedAttention), ("store keys", storeKV),
            ("convert", convert), ("add", add), ("embed", embed), ("gather", gather), ("refine", refine),
            ("select", select),
            ("feed", feed), ("copy pages", copyPages),
        ]
        return named.first { unsafeBitCast($0.1, to: UnsafeRawPointer.self) == kernel }?.0 ?? "other"
    }
}
