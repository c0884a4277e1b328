import StapesModel
import StapesTesting
import Testing

struct HuggingFaceCheckpointTests {
    private let random = RandomCheckpoint.tiny

    private func entries(prefix: String = "model.") -> [SafetensorsWriter.Entry] {
        TensorLayout.plans(for: random.configuration).map {
            SafetensorsWriter.Entry(name: prefix + $0.huggingFaceName, shape: $0.shape, values: random.values($0))
        }
    }

    /// The directory of the tiny checkpoint with its weights as `entries` says.
    private func directory(_ entries: [SafetensorsWriter.Entry]) throws -> TemporaryDirectory {
        let directory = try TemporaryDirectory()
        try random.write(to: directory.path)
        try directory.write(SafetensorsWriter.file(entries), to: "model.safetensors")
        return directory
    }

    private func expectSameValues(_ checkpoint: Checkpoint) throws {
        let plans = TensorLayout.plans(for: random.configuration)
        #expect(checkpoint.tensorNames == plans.map(\.name).sorted())
        for plan in plans {
            let tensor = try checkpoint.tensor(plan.name)
            #expect(tensor.shape == plan.shape)
            #expect(tensor.float32Values() == random.values(plan), "\(plan.name)")
        }
    }

    @Test func randomCheckpointReadsBackAsWritten() throws {
        let directory = try TemporaryDirectory()
        try random.write(to: directory.path)
        let checkpoint = try Checkpoint(directory)
        #expect(checkpoint.format == .huggingFace)
        #expect(checkpoint.configuration == random.configuration)
        try expectSameValues(checkpoint)
    }

    @Test func tensorsOutliveTheirCheckpointAndItsFile() throws {
        let tensor: Tensor
        do {
            let directory = try TemporaryDirectory()
            try random.write(to: directory.path)
            tensor = try Checkpoint(directory).tensor("decoder.ln.weight")
        }
        let plan = try #require(TensorLayout.plans(for: random.configuration).first { $0.name == tensor.name })
        #expect(tensor.float32Values() == random.values(plan))
    }

    @Test func namesWithoutTheModelPrefixAreFound() throws {
        try expectSameValues(Checkpoint(directory(entries(prefix: ""))))
    }

    @Test func shardsReadLikeOneFile() throws {
        let directory = try TemporaryDirectory()
        try random.write(to: directory.path)
        try directory.write(#"{"weight_map": {}}"#, to: "model.safetensors.index.json")
        let all = entries()
        let middle = all.count / 2
        var map: [String] = []
        for (shard, part) in [all[..<middle], all[middle...]].enumerated() {
            let name = "part-\(shard).safetensors"
            try directory.write(SafetensorsWriter.file(Array(part)), to: name)
            map += part.map { "\"\($0.name)\": \"\(name)\"" }
        }
        try directory.write("{\"weight_map\": {\(map.joined(separator: ","))}}", to: "model.safetensors.index.json")
        try directory.remove("model.safetensors")
        try expectSameValues(Checkpoint(directory))

        try directory.remove("part-1.safetensors")
        expectError(.missingFile, naming: "part-1.safetensors", in: directory)
        try directory.write(#"{"weight_map": {"a": "../a.safetensors"}}"#, to: "model.safetensors.index.json")
        expectError(.malformedFile, naming: "model.safetensors.index.json", in: directory)
    }

    @Test func unknownNameIsAnErrorThatNamesIt() throws {
        let checkpoint = try Checkpoint(directory(entries()))
        #expect(checkpoint.tensorIfPresent("encoder.blocks.0.attn.key.bias") == nil)
        #expect(throws: ModelError.self) { try checkpoint.tensor("encoder.blocks.7.attn.key.weight") }
    }

    @Test func missingWeightIsNamed() throws {
        let directory = try directory(entries().filter { $0.name != "model.decoder.layer_norm.bias" })
        expectError(.missingTensor, naming: "model.decoder.layer_norm.bias", in: directory)
    }

    @Test func wrongShapeIsNamed() throws {
        var entries = entries()
        entries[0].shape.swapAt(0, 2)
        expectError(.shapeMismatch, naming: "model.encoder.conv1.weight", in: try directory(entries))
    }

    @Test(arguments: ["I8", "F64", "F4_NEW"]) func unreadTypeIsNamed(type: String) throws {
        var entries = entries()
        let count = entries[1].shape[0] * (type == "F64" ? 8 : 1)
        entries[1].type = type
        entries[1].bytes = [UInt8](repeating: 0, count: count)
        expectError(.unsupportedElementType, naming: type, in: try directory(entries))
    }

    @Test func extraTensorsOfAnyTypeAreIgnored() throws {
        let extra = SafetensorsWriter.Entry(name: "step", type: "I64", shape: [1], bytes: [0, 0, 0, 0, 0, 0, 0, 0])
        try expectSameValues(Checkpoint(directory(entries() + [extra])))
    }

    @Test(arguments: [
        ("a header size past the limit", [UInt8](repeating: 0xFF, count: 8), ModelError.Code.malformedFile),
        ("a header size past the end", [200, 0, 0, 0, 0, 0, 0, 0, 0x7B], .truncatedFile),
        ("no header size", [1, 2, 3], .truncatedFile),
        ("an empty file", [], .truncatedFile),
        ("a header that is no object", [2, 0, 0, 0, 0, 0, 0, 0, 0x5B, 0x5D], .malformedFile),
    ])
    func brokenHeaderIsRefused(what: String, bytes: [UInt8], code: ModelError.Code) throws {
        let directory = try directory(entries())
        try directory.write(bytes, to: "model.safetensors")
        expectError(code, naming: "model.safetensors", in: directory)
    }

    @Test(arguments: [
        ("offsets past the end", "[4]", "[0, 16]", 8, ModelError.Code.truncatedFile),
        ("offsets backwards", "[4]", "[16, 0]", 16, .malformedFile),
        ("one offset", "[4]", "[0]", 16, .malformedFile),
        ("a negative offset", "[4]", "[-16, 0]", 16, .malformedFile),
        ("bytes that contradict the shape", "[4]", "[0, 12]", 16, .malformedFile),
        ("a negative dimension", "[-4]", "[0, 16]", 16, .malformedFile),
        ("a shape that overflows", "[4611686018427387904, 4611686018427387904]", "[0, 16]", 16, .malformedFile),
        ("a byte count that overflows", "[4611686018427387904]", "[0, 0]", 16, .malformedFile),
        ("a number that no integer holds", "[1e30]", "[0, 16]", 16, .malformedFile),
    ])
    func brokenEntryIsRefused(
        what: String, shape: String, offsets: String, dataByteCount: Int, code: ModelError.Code
    ) throws {
        let directory = try directory(entries())
        let header = #"{"a": {"dtype": "F32", "shape": \#(shape), "data_offsets": \#(offsets)}}"#
        let size = [UInt8(header.utf8.count), 0, 0, 0, 0, 0, 0, 0]
        try directory.write(
            size + Array(header.utf8) + [UInt8](repeating: 0, count: dataByteCount), to: "model.safetensors")
        expectError(code, naming: "model.safetensors", in: directory)
    }

    @Test func overlappingTensorsAreRefused() throws {
        let directory = try directory(entries())
        let header = """
            {"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, \
            "b": {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]}}
            """
        let size = [UInt8(header.utf8.count), 0, 0, 0, 0, 0, 0, 0]
        try directory.write(size + Array(header.utf8) + [UInt8](repeating: 0, count: 12), to: "model.safetensors")
        expectError(.malformedFile, naming: "a and b overlap", in: directory)
    }
}
