import CKernels
import COneDNN

/// One implementation of every operation. All of them take the argument structs of `stapes_kernels.h`.
package struct KernelTable: Sendable {
    package let name: String
    /// Whether float16 is widened in hardware: elsewhere it is read, but slowly.
    package let widensFloat16: Bool
    package let layerNorm: Kernel
    package let pack: Kernel
    package let matmul: Kernel
    package let packInt8: Kernel
    package let matmulInt8: Kernel
    package let embed: Kernel
    package let gather: Kernel
    package let add: Kernel
    package let convert: Kernel
    package let storeKV: Kernel
    package let pagedAttention: Kernel
    package private(set) var encoderAttention: Kernel
    package let refine: Kernel
    package let select: Kernel
    package let feed: Kernel
    package let copyPages: Kernel
    package let crossScores: Kernel
    package let tokenProbability: Kernel
    /// What the GPU has besides.
    let cuda: CUDAKernels?
}

extension KernelTable {
    /// The C kernels of an instruction level, or nil where this processor lacks it.
    package init?(_ level: CPULevel) {
        guard let kernels = stapes_kernels_at(level.kernelLevel)?.pointee else { return nil }
        name = level.rawValue
        widensFloat16 = kernels.widens_float16
        layerNorm = Kernel(kernels.layer_norm)
        pack = Kernel(kernels.pack)
        matmul = Kernel(kernels.matmul)
        packInt8 = Kernel(kernels.pack_int8)
        matmulInt8 = Kernel(kernels.matmul_int8)
        embed = Kernel(kernels.embed)
        gather = Kernel(kernels.gather)
        add = Kernel(kernels.add)
        convert = Kernel(kernels.convert)
        storeKV = Kernel(kernels.store_kv)
        pagedAttention = Kernel(kernels.paged_attention)
        encoderAttention = Kernel(kernels.encoder_attention)
        refine = Kernel(kernels.refine)
        select = Kernel(kernels.select)
        feed = Kernel(kernels.feed)
        copyPages = Kernel(kernels.copy_pages)
        crossScores = Kernel(kernels.cross_scores)
        tokenProbability = Kernel(kernels.token_probability)
        cuda = nil
    }

    /// The GPU's kernels. Its weights lie as they are stored, so that nothing is packed; products and attention over
    /// pages have arguments of their own.
    init(_ kernels: CUDAKernels) {
        name = kernels.name
        widensFloat16 = true
        layerNorm = kernels.layerNorm
        pack = Kernel(missing: "pack")
        matmul = Kernel(missing: "matmul")
        packInt8 = Kernel(missing: "pack_int8")
        matmulInt8 = Kernel(missing: "matmul_int8")
        embed = kernels.embed
        gather = kernels.gather
        add = kernels.add
        convert = kernels.convert
        storeKV = kernels.storeKV
        pagedAttention = kernels.pagedAttention
        encoderAttention = kernels.encoderAttention
        refine = Kernel(missing: "refine")
        select = kernels.select
        feed = kernels.feed
        copyPages = kernels.copyPages
        crossScores = kernels.crossScores
        tokenProbability = kernels.tokenProbability
        cuda = kernels
    }
}

extension KernelTable {
    /// The same, but the encoder's attention, in float32, is multiplied in 16-bit integers where the processor does that.
    package var withInt16Attention: KernelTable {
        var table = self
        if let kernels = stapes_int16_kernels_here()?.pointee {
            table.encoderAttention = Kernel(kernels.encoder_attention)
        }
        return table
    }

    /// Attention over pages of float8; on the CPU the same kernel as over any others.
    package var pagedAttentionFloat8: Kernel { cuda?.pagedAttentionFloat8 ?? pagedAttention }

    /// What a launched kernel is called, for profiles. Two operations of the same code have the name of the first.
    package func name(of kernel: UnsafeRawPointer) -> String {
        if let cuda { return cuda.names[kernel] ?? "other" }
        let int16 = stapes_int16_kernels_here()?.pointee
        let named: [(String, Kernel)] = [
            ("product", matmul), ("product (int8)", matmulInt8),
            ("product (int16)", int16.map { Kernel($0.matmul) } ?? matmul),
            ("encoder attention", int16.map { Kernel($0.encoder_attention) } ?? encoderAttention),
            ("product (oneDNN)", Kernel(stapes_onednn_execute)), ("layer norm", layerNorm),
            ("encoder attention", encoderAttention), ("paged attention", pagedAttention), ("store keys", storeKV),
            ("convert", convert), ("add", add), ("embed", embed), ("gather", gather), ("refine", refine),
            ("select", select),
            ("feed", feed), ("copy pages", copyPages),
        ]
        return named.first { $0.1.address == kernel }?.0 ?? "other"
    }
}
