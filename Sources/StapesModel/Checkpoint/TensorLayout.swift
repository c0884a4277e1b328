/// The table of a Whisper model's weights. Everything that reads or writes checkpoints goes by it.
///
/// `key` has no bias in Whisper. CTranslate2's fused matrices hold one, always zero, and adding any constant to all
/// keys would not change attention: it is left out of the table. `proj_out.weight` is the token embedding and left out
/// too.
package enum TensorLayout {
    /// All weights, in the order in which the model uses them.
    package static func plans(for configuration: ModelConfiguration) -> [TensorPlan] {
        let c = configuration
        var table = Table(width: c.width, feedForwardWidth: c.feedForwardWidth)

        let encoder = Scope(name: "encoder", huggingFace: "encoder", cTranslate2: "encoder")
        table.add(encoder, "conv1.weight", "conv1.weight", "conv1/weight", [c.width, c.melBins, 3])
        table.add(encoder, "conv1.bias", "conv1.bias", "conv1/bias", [c.width])
        table.add(encoder, "conv2.weight", "conv2.weight", "conv2/weight", [c.width, c.width, 3])
        table.add(encoder, "conv2.bias", "conv2.bias", "conv2/bias", [c.width])
        table.add(
            encoder, "positional_embedding", "embed_positions.weight", "position_encodings/encodings",
            [c.audioContext, c.width])
        for layer in 0..<c.encoderLayers {
            let block = encoder.block(layer)
            table.addSelfAttention(block)
            table.addFeedForward(block)
        }
        table.addNorm(encoder, "ln_post", "layer_norm", "layer_norm")

        let decoder = Scope(name: "decoder", huggingFace: "decoder", cTranslate2: "decoder")
        table.add(
            decoder, "token_embedding.weight", "embed_tokens.weight", "embeddings/weight", [c.vocabularySize, c.width])
        table.add(
            decoder, "positional_embedding", "embed_positions.weight", "position_encodings/encodings",
            [c.textContext, c.width])
        for layer in 0..<c.decoderLayers {
            let block = decoder.block(layer)
            table.addSelfAttention(block)
            table.addCrossAttention(block)
            table.addFeedForward(block)
        }
        table.addNorm(decoder, "ln", "layer_norm", "layer_norm")
        return table.plans
    }
}

/// Where a name continues, in each of the three vocabularies.
private struct Scope {
    let name: String
    let huggingFace: String
    let cTranslate2: String

    func block(_ layer: Int) -> Scope {
        Scope(
            name: "\(name).blocks.\(layer)", huggingFace: "\(huggingFace).layers.\(layer)",
            cTranslate2: "\(cTranslate2)/layer_\(layer)")
    }
}

private struct Table {
    let width: Int
    let feedForwardWidth: Int
    var plans: [TensorPlan] = []

    init(width: Int, feedForwardWidth: Int) {
        self.width = width
        self.feedForwardWidth = feedForwardWidth
    }

    mutating func add(
        _ scope: Scope, _ name: String, _ huggingFace: String, _ cTranslate2: String, _ shape: [Int],
        part: Int = 0, of parts: Int = 1
    ) {
        plans.append(
            TensorPlan(
                name: "\(scope.name).\(name)", shape: shape, huggingFaceName: "\(scope.huggingFace).\(huggingFace)",
                cTranslate2: .init(variable: "\(scope.cTranslate2)/\(cTranslate2)", part: part, parts: parts)))
    }

    mutating func addNorm(_ scope: Scope, _ name: String, _ huggingFace: String, _ cTranslate2: String) {
        add(scope, "\(name).weight", "\(huggingFace).weight", "\(cTranslate2)/gamma", [width])
        add(scope, "\(name).bias", "\(huggingFace).bias", "\(cTranslate2)/beta", [width])
    }

    /// A linear layer: weight `[rows, columns]`, and a bias unless it has none.
    mutating func addLinear(
        _ scope: Scope, _ name: String, _ huggingFace: String, _ cTranslate2: String, rows: Int, columns: Int,
        part: Int = 0, of parts: Int = 1, hasBias: Bool = true
    ) {
        add(
            scope, "\(name).weight", "\(huggingFace).weight", "\(cTranslate2)/weight", [rows, columns], part: part,
            of: parts)
        guard hasBias else { return }
        add(scope, "\(name).bias", "\(huggingFace).bias", "\(cTranslate2)/bias", [rows], part: part, of: parts)
    }

    mutating func addSelfAttention(_ block: Scope) {
        addNorm(block, "attn_ln", "self_attn_layer_norm", "self_attention/layer_norm")
        addProjection(block, "attn.query", "self_attn.q_proj", "self_attention/linear_0", part: 0, of: 3)
        addProjection(block, "attn.key", "self_attn.k_proj", "self_attention/linear_0", part: 1, of: 3, hasBias: false)
        addProjection(block, "attn.value", "self_attn.v_proj", "self_attention/linear_0", part: 2, of: 3)
        addProjection(block, "attn.out", "self_attn.out_proj", "self_attention/linear_1")
    }

    mutating func addCrossAttention(_ block: Scope) {
        addNorm(block, "cross_attn_ln", "encoder_attn_layer_norm", "attention/layer_norm")
        addProjection(block, "cross_attn.query", "encoder_attn.q_proj", "attention/linear_0")
        addProjection(
            block, "cross_attn.key", "encoder_attn.k_proj", "attention/linear_1", part: 0, of: 2, hasBias: false)
        addProjection(block, "cross_attn.value", "encoder_attn.v_proj", "attention/linear_1", part: 1, of: 2)
        addProjection(block, "cross_attn.out", "encoder_attn.out_proj", "attention/linear_2")
    }

    mutating func addFeedForward(_ block: Scope) {
        addNorm(block, "mlp_ln", "final_layer_norm", "ffn/layer_norm")
        addLinear(block, "mlp.0", "fc1", "ffn/linear_0", rows: feedForwardWidth, columns: width)
        addLinear(block, "mlp.2", "fc2", "ffn/linear_1", rows: width, columns: feedForwardWidth)
    }

    private mutating func addProjection(
        _ block: Scope, _ name: String, _ huggingFace: String, _ cTranslate2: String, part: Int = 0, of parts: Int = 1,
        hasBias: Bool = true
    ) {
        addLinear(
            block, name, huggingFace, cTranslate2, rows: width, columns: width, part: part, of: parts, hasBias: hasBias)
    }
}
