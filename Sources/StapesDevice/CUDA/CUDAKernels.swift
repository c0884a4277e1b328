import CKernels
import CUDADriver

/// The kernels of a GPU for one 16-bit type.
///
/// `@unchecked Sendable`: addresses name kernels, and all fields are set once.
struct CUDAKernels: @unchecked Sendable {
    let name: String
    let layerNorm: Kernel
    /// Products of few rows, by the tiles of 16 rows that a block computes: 1, 2, 4.
    let productFew: [Int: Kernel]
    let productMany: Kernel
    let gelu: Kernel
    let embed: Kernel
    let gather: Kernel
    let add: Kernel
    let convert: Kernel
    let random: Kernel
    let logMel: Kernel
    let storeKV: Kernel
    let pagedAttention: Kernel
    /// Over a cache of float8.
    let pagedAttentionFloat8: Kernel
    let encoderAttention: Kernel
    let select: Kernel
    let feed: Kernel
    let copyPages: Kernel
    let crossScores: Kernel
    let tokenProbability: Kernel
    /// By address, for profiles.
    let names: [UnsafeRawPointer: String]

    /// - Throws: `unavailable`.
    init(_ context: CUDAContext, type: ScalarType) throws(DeviceError) {
        let suffix = type == .bfloat16 ? "_bf16" : "_f16"
        name = "cuda" + suffix
        layerNorm = try context.function("layer_norm", shape: stapes_cuda_shape_layer_norm, waits: true)
        var few: [Int: Kernel] = [:]
        for tiles in [1, 2, 4] {
            few[tiles] = try context.function(
                "product_few\(tiles)" + suffix, shape: stapes_cuda_shape_product_few, waits: true)
        }
        productFew = few
        productMany = try context.function("product_many" + suffix, shape: stapes_cuda_shape_product_many)
        gelu = try context.function("gelu", shape: stapes_cuda_shape_gelu)
        embed = try context.function("embed", shape: stapes_cuda_shape_embed, waits: true)
        gather = try context.function("gather", shape: stapes_cuda_shape_gather, waits: true)
        add = try context.function("add", shape: stapes_cuda_shape_add)
        convert = try context.function("convert", shape: stapes_cuda_shape_convert)
        random = try context.function("random", shape: stapes_cuda_shape_random)
        logMel = try context.function("log_mel", shape: stapes_cuda_shape_log_mel)
        storeKV = try context.function("store_kv", shape: stapes_cuda_shape_store_kv, waits: true)
        pagedAttention = try context.function(
            "paged_attention" + suffix, shape: stapes_cuda_shape_paged_attention, waits: true)
        pagedAttentionFloat8 = try context.function(
            "paged_attention" + suffix + "_f8", shape: stapes_cuda_shape_paged_attention, waits: true)
        encoderAttention = try context.function(
            "encoder_attention" + suffix, shape: stapes_cuda_shape_encoder_attention)
        select = try context.function("select", shape: stapes_cuda_shape_select, waits: true)
        feed = try context.function("feed", shape: stapes_cuda_shape_feed, waits: true)
        copyPages = try context.function("copy_pages", shape: stapes_cuda_shape_copy_pages)
        crossScores = try context.function("cross_scores", shape: stapes_cuda_shape_cross_scores)
        tokenProbability = try context.function("token_probability", shape: stapes_cuda_shape_token_probability)
        let named: [(String, Kernel)] =
            few.values.map { ("product (few rows)", $0) } + [
                ("product (many rows)", productMany), ("layer norm", layerNorm), ("gelu", gelu), ("embed", embed),
                ("gather", gather), ("add", add), ("convert", convert), ("random", random), ("log-mel", logMel),
                ("store keys", storeKV), ("paged attention", pagedAttention),
                ("paged attention (float8)", pagedAttentionFloat8), ("encoder attention", encoderAttention),
                ("select", select),
                ("feed", feed), ("copy pages", copyPages), ("cross scores", crossScores),
                ("token probability", tokenProbability), ("product (cuBLASLt)", CUDAProducts.kernel),
                ("paged attention (FlashInfer decode)", FlashInferLibrary.decodeKernel),
                ("paged attention (FlashInfer prefill)", FlashInferLibrary.prefillKernel),
                ("merge (FlashInfer)", FlashInferLibrary.mergeKernel),
            ]
        names = Dictionary(uniqueKeysWithValues: named.map { ($0.1.address, $0.0) })
    }
}
