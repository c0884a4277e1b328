import FoundationEssentials
import StapesModel

/// `Checkpoint.random` as files, for tests of what reads them. It has no tokenizer.
package struct RandomCheckpoint: Sendable {
    package let configuration: ModelConfiguration
    package let seed: UInt64

    package init(configuration: ModelConfiguration = .random(), seed: UInt64 = 1) {
        self.configuration = configuration
        self.seed = seed
    }

    /// The float32 values of one weight, row-major.
    package func values(_ plan: TensorPlan) -> [Float] {
        GeneratedArray(plan, width: configuration.width, seed: seed).float32Values()
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
}
