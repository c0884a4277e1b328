import FoundationEssentials
import Glibc
import StapesModel

/// A Whisper model with seeded random weights, the same on every machine: what tests run where a trained model's words
/// do not matter. It has no tokenizer.
///
/// Weights are scaled so that activations stay near one and logits spread over a few units: the arg-max is not a tie.
package struct RandomCheckpoint: Sendable {
    package let configuration: ModelConfiguration
    package let seed: UInt64

    package init(configuration: ModelConfiguration = .random(), seed: UInt64 = 1) {
        self.configuration = configuration
        self.seed = seed
    }

    /// The float32 values of one weight, row-major. Each depends on the seed, its name and its shape only.
    package func values(_ plan: TensorPlan) -> [Float] {
        if plan.name == "encoder.positional_embedding" { return Self.sinusoids(plan.shape) }
        let (center, deviation) = distribution(plan)
        let amplitude = Float(deviation * 3.0.squareRoot())  // of a uniform distribution with that deviation
        var generator = SeededGenerator(seed: seed ^ Self.hash(plan.name))
        return (0..<plan.shape.reduce(1, *)).map { _ -> Float in center + amplitude * generator.nextSignedUnit() }
    }

    /// Writes `config.json`, `generation_config.json` and `model.safetensors` (float32) into a directory that exists.
    package func write(to directory: String) throws {
        let entries = TensorLayout.plans(for: configuration).map {
            SafetensorsWriter.Entry(name: "model.\($0.huggingFaceName)", shape: $0.shape, values: values($0))
        }
        let files: [(String, [UInt8])] = [
            ("model.safetensors", try SafetensorsWriter.file(entries)),
            ("config.json", Array(configuration.huggingFaceJSON.utf8)),
            ("generation_config.json", Array(configuration.huggingFaceGenerationJSON.utf8)),
        ]
        for (name, bytes) in files {
            try Data(bytes).write(to: URL(filePath: "\(directory)/\(name)"))
        }
    }

    private func distribution(_ plan: TensorPlan) -> (center: Float, deviation: Double) {
        let name = plan.name
        if name == "decoder.token_embedding.weight" { return (0, 2 / Double(configuration.width).squareRoot()) }
        if name == "decoder.positional_embedding" { return (0, 0.3) }
        if name.hasSuffix(".bias") { return (0, 0.1) }
        if plan.shape.count == 1 { return (1, 0.1) }  // a layer norm's scale
        let inputs = plan.shape.dropFirst().reduce(1, *)
        return (0, 1 / Double(max(inputs, 1)).squareRoot())
    }

    /// The encoder's position table: sines in the first half of each row, cosines in the second, at wavelengths from
    /// 2 pi to 20000 pi.
    private static func sinusoids(_ shape: [Int]) -> [Float] {
        let (positions, width) = (shape[0], shape[1])
        let half = max(width / 2, 1)
        let step = log(10_000.0) / Double(max(half - 1, 1))
        var values: [Float] = []
        values.reserveCapacity(positions * width)
        for position in 0..<positions {
            for column in 0..<width {
                let angle = Double(position) * exp(-step * Double(column % half))
                values.append(Float(column < half ? sin(angle) : cos(angle)))
            }
        }
        return values
    }

    /// FNV-1a: Swift's own hash differs between runs.
    private static func hash(_ name: String) -> UInt64 {
        name.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }
}
