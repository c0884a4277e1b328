extension Checkpoint {
    /// A model of any shape with seeded random weights, the same on every machine. It needs no files and, as its
    /// weights are computed when they are asked for, no memory.
    package static func random(_ configuration: ModelConfiguration, seed: UInt64) -> Checkpoint {
        var tensors: [String: Tensor] = [:]
        for plan in TensorLayout.plans(for: configuration) {
            tensors[plan.name] = Tensor(
                name: plan.name, shape: plan.shape, values: GeneratedArray(plan, width: configuration.width, seed: seed)
            )
        }
        return Checkpoint(
            origin: "random weights of seed \(seed)", format: nil, configuration: configuration, tensors: tensors)
    }
}

extension GeneratedArray {
    /// The weight that `plan` calls for in a model of `width`.
    ///
    /// A matrix keeps the size of what goes through it (its values are the smaller the more inputs it has: 0.028 for
    /// large-v3's 1280), so activations stay near one at any width. The token embedding is twice as large, which
    /// spreads logits over a few units: the arg-max is not a tie. Positions are half the size of tokens.
    package init(_ plan: TensorPlan, width: Int, seed: UInt64) {
        let inputs = plan.shape.dropFirst().reduce(1, *)
        let (center, deviation): (Float, Float) =
            if plan.name == "decoder.token_embedding.weight" {
                (0, 2 / Float(width).squareRoot())
            } else if plan.name.hasSuffix("positional_embedding") {
                (0, 1 / Float(width).squareRoot())
            } else if plan.name.hasSuffix(".bias") {
                (0, 0.1)
            } else if plan.shape.count == 1 {  // a layer norm's scale
                (1, 0.1)
            } else {
                (0, 1 / Float(max(inputs, 1)).squareRoot())
            }
        self.init(
            seed: seed, name: plan.name, count: plan.shape.reduce(1, *), center: center, deviation: deviation)
    }
}
