import CKernels

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

// The operations in plain Swift: short, slow, and the truth that every other implementation is tested against.
// Sums are taken in double precision. They run on the first thread of the team alone.
extension KernelTable {
    package static let reference = KernelTable(
        name: "reference",
        widensFloat16: true,
        layerNorm: Kernel { arguments, thread, _ in
            guard thread == 0 else { return }
            referenceLayerNorm(arguments.load(as: stapes_layer_norm_arguments.self))
        },
        pack: Kernel { arguments, thread, _ in
            guard thread == 0 else { return }
            referencePack(arguments.load(as: stapes_pack_arguments.self))
        },
        matmul: Kernel { arguments, thread, _ in
            guard thread == 0 else { return }
            referenceMatmul(arguments.load(as: stapes_matmul_arguments.self))
        },
        packInt8: Kernel { arguments, thread, _ in
            guard thread == 0 else { return }
            referencePackInt8(arguments.load(as: stapes_pack_int8_arguments.self))
        },
        matmulInt8: Kernel { arguments, thread, _ in
            guard thread == 0 else { return }
            referenceMatmulInt8(arguments.load(as: stapes_matmul_int8_arguments.self))
        },
        embed: Kernel { arguments, thread, _ in
            guard thread == 0 else { return }
            referenceEmbed(arguments.load(as: stapes_embed_arguments.self))
        },
        gather: Kernel { arguments, thread, _ in
            guard thread == 0 else { return }
            let a = arguments.load(as: stapes_gather_arguments.self)
            for row in 0..<Int(a.rows) {
                for i in 0..<Int(a.width) { a.y[row * Int(a.width) + i] = a.x[Int(a.indices[row]) * Int(a.width) + i] }
            }
        },
        add: Kernel { arguments, thread, _ in
            guard thread == 0 else { return }
            let a = arguments.load(as: stapes_add_arguments.self)
            for i in 0..<Int(a.count * a.repeats) { a.y[i] += a.x[i % Int(a.count)] }
        },
        convert: Kernel { arguments, thread, _ in
            guard thread == 0 else { return }
            let a = arguments.load(as: stapes_convert_arguments.self)
            let x = ReferenceRows(pointer: a.x, type: a.x_type)
            let y = ReferenceOutput(pointer: a.y, type: a.y_type)
            for i in 0..<Int(a.count) { y.store(x[i], at: i) }
        },
        storeKV: Kernel { arguments, thread, _ in
            guard thread == 0 else { return }
            referenceStoreKV(arguments.load(as: stapes_store_kv_arguments.self))
        },
        pagedAttention: Kernel { arguments, thread, _ in
            guard thread == 0 else { return }
            referencePagedAttention(arguments.load(as: stapes_paged_attention_arguments.self))
        },
        encoderAttention: Kernel { arguments, thread, _ in
            guard thread == 0 else { return }
            referenceEncoderAttention(arguments.load(as: stapes_encoder_attention_arguments.self))
        },
        refine: Kernel { arguments, thread, _ in
            guard thread == 0 else { return }
            referenceRefine(arguments.load(as: stapes_refine_arguments.self))
        },
        select: Kernel { arguments, thread, _ in
            guard thread == 0 else { return }
            referenceSelect(arguments.load(as: stapes_select_arguments.self))
        },
        feed: Kernel { arguments, thread, _ in
            guard thread == 0 else { return }
            let a = arguments.load(as: stapes_feed_arguments.self)
            for row in 0..<Int(a.rows) { a.tokens[row] = a.states[Int(a.seats[row])].token }
        },
        copyPages: Kernel { arguments, thread, _ in
            guard thread == 0 else { return }
            let a = arguments.load(as: stapes_copy_pages_arguments.self)
            for i in 0..<Int(a.count) {
                (a.pages + Int(a.to[i]) * Int(a.page_bytes)).copyMemory(
                    from: a.pages + Int(a.from[i]) * Int(a.page_bytes), byteCount: Int(a.page_bytes))
            }
        },
        crossScores: Kernel { arguments, thread, _ in
            guard thread == 0 else { return }
            referenceCrossScores(arguments.load(as: stapes_cross_scores_arguments.self))
        },
        tokenProbability: Kernel { arguments, thread, _ in
            guard thread == 0 else { return }
            referenceTokenProbability(arguments.load(as: stapes_token_probability_arguments.self))
        },
        cuda: nil
    )
}

private func referenceLayerNorm(_ a: stapes_layer_norm_arguments) {
    let width = Int(a.width)
    let y = ReferenceOutput(pointer: a.y, type: a.y_type)
    for row in 0..<Int(a.rows) {
        let x = UnsafeBufferPointer(start: a.x + row * Int(a.x_stride), count: width)
        let mean = x.reduce(0.0) { $0 + Double($1) } / Double(width)
        let variance = x.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(width)
        let scale = 1 / (variance + Double(a.epsilon)).squareRoot()
        for i in 0..<width {
            let normal = (Double(x[i]) - mean) * scale
            y.store(Float(normal * Double(a.gamma[i]) + Double(a.beta[i])), at: row * Int(a.y_stride) + i)
        }
    }
}

private func referencePack(_ a: stapes_pack_arguments) {
    let lanes = Int(STAPES_PANEL)
    let k = Int(a.k)
    let weight = ReferenceRows(pointer: a.weight, type: a.weight_type)
    let packed = ReferenceOutput(pointer: a.packed, type: a.packed_type)
    for panel in 0..<(Int(a.n) + lanes - 1) / lanes {
        for i in 0..<k {
            for lane in 0..<lanes {
                let row = panel * lanes + lane
                packed.store(row < Int(a.n) ? weight[row * k + i] : 0, at: (panel * k + i) * lanes + lane)
            }
        }
    }
}

private func referenceMatmul(_ a: stapes_matmul_arguments) {
    let lanes = Int(STAPES_PANEL)
    let k = Int(a.k)
    let input = ReferenceRows(pointer: a.a, type: a.a_type)
    let weight = ReferenceRows(pointer: a.weight, type: a.weight_type)
    let output = ReferenceOutput(pointer: a.c, type: a.c_type)
    for row in 0..<Int(a.m) {
        for column in 0..<Int(a.n) {
            var sum = Double(a.bias?[column] ?? 0)
            let panel = column / lanes * k * lanes + column % lanes
            for i in 0..<k { sum += Double(input[row * Int(a.a_stride) + i]) * Double(weight[panel + i * lanes]) }
            if a.gelu { sum = 0.5 * sum * (1 + erf(sum * 0.5.squareRoot())) }
            let at = row * Int(a.c_stride) + column
            output.store(Float(a.accumulate ? sum + Double(output.load(at)) : sum), at: at)
        }
    }
}

private func referenceEmbed(_ a: stapes_embed_arguments) {
    let width = Int(a.width)
    let table = ReferenceRows(pointer: a.table, type: a.table_type)
    for row in 0..<Int(a.rows) {
        for i in 0..<width {
            a.y[row * width + i] =
                table[Int(a.tokens[row]) * width + i] + a.position_table[Int(a.positions[row]) * width + i]
        }
    }
}
