import Glibc
import StapesModel
import StapesTesting
import Testing

/// Damaged files: every one must load or throw, and the weights of what loads must be readable.
///
/// There is nothing to compare: a trap ends the test process, which is the failure.
struct CheckpointMutationTests {
    private struct Outcome {
        var loaded = 0
        var refused = 0

        /// Opens the directory and reads every number in it.
        mutating func open(_ directory: TemporaryDirectory) {
            do throws(ModelError) {
                let checkpoint = try Checkpoint(directory)
                var checksum: UInt32 = 0
                for name in checkpoint.tensorNames {
                    for value in checkpoint.tensorIfPresent(name)?.float32Values() ?? [] {
                        checksum ^= value.bitPattern
                    }
                }
                loaded += 1
            } catch {
                #expect(!error.message.isEmpty)
                refused += 1
            }
        }
    }

    private func original(_ format: CheckpointFormat) throws -> (TemporaryDirectory, weights: String, bytes: [UInt8]) {
        let directory = try TemporaryDirectory()
        switch format {
        case .huggingFace: try RandomCheckpoint.tiny.write(to: directory.path)
        case .cTranslate2: try CTranslate2Writer(checkpoint: .tiny, weights: .int8).write(to: directory)
        case .ggml: try GGMLFileWriter(checkpoint: .tiny).write(to: directory)
        }
        let name =
            switch format {
            case .huggingFace: "model.safetensors"
            case .cTranslate2: "model.bin"
            case .ggml: "ggml-tiny.bin"
            }
        return (directory, name, try directory.read(name))
    }

    @Test(arguments: CheckpointFormat.allCases) func everyTruncationIsRefused(format: CheckpointFormat) throws {
        let (directory, name, bytes) = try original(format)
        var outcome = Outcome()
        for length in bytes.indices.reversed() {
            try #require(truncate("\(directory.path)/\(name)", length) == 0)
            outcome.open(directory)
        }
        #expect(outcome.refused == bytes.count)
    }

    @Test(arguments: CheckpointFormat.allCases) func flippedBytesLoadOrThrow(format: CheckpointFormat) throws {
        let (directory, name, bytes) = try original(format)
        var generator = SeededGenerator(seed: 7)
        var outcome = Outcome()
        // A JSON header takes long to read and says the same thing of every tensor: every fifth byte of it is enough.
        for index in stride(from: 0, to: bytes.count, by: format == .huggingFace ? 5 : 1) {
            let damage = UInt8.random(in: 1...255, using: &generator)
            try directory.overwrite([bytes[index] ^ damage], at: index, in: name)
            outcome.open(directory)
            try directory.overwrite([bytes[index]], at: index, in: name)
        }
        // Weights are data: a flip there loads. A flip in a description mostly does not.
        #expect(outcome.loaded > 100)
        #expect(outcome.refused > 100)
    }

    @Test(arguments: CheckpointFormat.allCases) func runsOfExtremeBytesLoadOrThrow(format: CheckpointFormat) throws {
        let (directory, name, bytes) = try original(format)
        var generator = SeededGenerator(seed: 11)
        var outcome = Outcome()
        for _ in 0..<400 {
            let start = Int.random(in: 0..<bytes.count, using: &generator)
            let length = min(1 << Int.random(in: 0...3, using: &generator), bytes.count - start)
            let value: UInt8 = [0x00, 0x7F, 0x80, 0xFF, 0x39].randomElement(using: &generator) ?? 0
            try directory.overwrite([UInt8](repeating: value, count: length), at: start, in: name)
            outcome.open(directory)
            try directory.overwrite(Array(bytes[start..<start + length]), at: start, in: name)
        }
        #expect(outcome.loaded + outcome.refused == 400)
        #expect(outcome.refused > 0)
    }

    @Test(arguments: ["config.json", "generation_config.json"])
    func damagedSettingsLoadOrThrow(name: String) throws {
        let (directory, _, _) = try original(.huggingFace)
        let bytes = try directory.read(name)
        var generator = SeededGenerator(seed: 13)
        var outcome = Outcome()
        for index in bytes.indices {
            let arbitrary = UInt8.random(in: 0...255, using: &generator)
            let replacement = [UInt8(ascii: "9"), UInt8(ascii: "-"), arbitrary][index % 3]
            try directory.overwrite([replacement], at: index, in: name)
            outcome.open(directory)
            try directory.overwrite([bytes[index]], at: index, in: name)
        }
        for length in bytes.indices.reversed() {
            try #require(truncate("\(directory.path)/\(name)", length) == 0)
            outcome.open(directory)
        }
        #expect(outcome.refused >= bytes.count)
    }

    @Test func deeplyNestedSettingsAreRefused() throws {
        let (directory, _, _) = try original(.huggingFace)
        try directory.write(String(repeating: "[", count: 1_000_000), to: "config.json")
        expectError(.malformedFile, naming: "config.json", in: directory)
    }
}
