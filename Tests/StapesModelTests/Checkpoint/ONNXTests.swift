import StapesModel
import StapesTesting
import Testing

@Suite struct ONNXTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    // A field is its number and kind, then a number of seven bits a byte, or a length and bytes.
    private static func number(_ field: Int, _ value: UInt64) -> [UInt8] { varint(UInt64(field << 3)) + varint(value) }
    private static func message(_ field: Int, _ bytes: [UInt8]) -> [UInt8] {
        varint(UInt64(field << 3 | 2)) + varint(UInt64(bytes.count)) + bytes
    }

    private static func varint(_ value: UInt64) -> [UInt8] {
        var (rest, bytes) = (value, [UInt8]())
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    private static func tensor(_ name: String, _ shape: [UInt64], type: UInt64 = 1, _ content: [UInt8]) -> [UInt8] {
        message(
            5, shape.flatMap { number(1, $0) } + number(2, type) + message(8, Array(name.utf8)) + message(9, content))
    }

    private static func bytes(_ values: [Float]) -> [UInt8] { values.withUnsafeBytes { Array($0) } }

    private func read(_ bytes: [UInt8]) throws -> ONNXFile { try ONNXFile(path: directory.write(bytes, to: "a.onnx")) }

    private func code(_ bytes: [UInt8]) -> ModelError.Code? {
        do { _ = try read(bytes) } catch { return (error as? ModelError)?.code }
        return nil
    }

    @Test func initializersAreRead() throws {
        let packed = Self.message(
            5,
            Self.message(1, [2, 1]) + Self.number(2, 10) + Self.message(8, [0x68])
                + Self.message(9, [0, 0x3C, 0, 0xC0]))
        // Among nodes, fields of fixed width and what later versions may add.
        let graph =
            Self.message(1, [1, 2, 3]) + Self.tensor("w", [1, 3], Self.bytes([1, -2, 0.5])) + packed
            + Self.tensor("indices", [1], type: 7, [UInt8](repeating: 0, count: 8))
            + Self.tensor("scalar", [], Self.bytes([7]))
        let file = try read(
            Self.number(1, 8) + Self.message(7, graph) + [0x81, 0x3F] + [UInt8](repeating: 9, count: 8))
        #expect(file.names == ["h", "indices", "scalar", "w"])
        #expect(try file.values(of: "w", shape: [1, 3]) == [1, -2, 0.5])
        #expect(try file.values(of: "h", shape: [2, 1]) == [1, -2])
        #expect(try file.values(of: "scalar", shape: []) == [7])
        func code(_ name: String, _ shape: [Int]) -> ModelError.Code? {
            #expect(throws: ModelError.self) { try file.values(of: name, shape: shape) }?.code
        }
        #expect(code("indices", [1]) == .unsupportedElementType)
        #expect(code("w", [3, 1]) == .shapeMismatch)
        #expect(code("W", [1, 3]) == .missingTensor)
    }

    @Test func filesThatAreNoONNXAreRefused() {
        #expect(code([]) == .malformedFile)
        #expect(code(Array("not a network at all".utf8)) != nil)
        #expect(code(Self.number(1, 8)) == .malformedFile)
        #expect(code(Self.message(7, Self.message(5, Self.message(8, [0x77])))) == .malformedFile)  // without content
        #expect(code([0x3A, 0x7F]) == .truncatedFile)
        #expect(code([0x3A] + [UInt8](repeating: 0xFF, count: 9) + [0x01]) == .truncatedFile)
        #expect(code([0x08] + [UInt8](repeating: 0xFF, count: 12)) == .malformedFile)
        #expect(code([0x0B]) == .malformedFile)  // a group
        #expect(code([0x02, 0x00]) == .malformedFile)  // field 0
    }

    @Test func shapesThatContradictTheContentAreRefused() {
        let content = Self.bytes([1, 2, 3])
        for shape: [UInt64] in [[2], [4], [.max], [1 << 63, 2], [1 << 40, 1 << 40], [3, 1 << 62]] {
            #expect(code(Self.message(7, Self.tensor("w", shape, content))) == .malformedFile, "\(shape)")
        }
        let twice = Self.tensor("w", [3], content) + Self.tensor("w", [3], content)
        #expect(code(Self.message(7, twice)) == .malformedFile)
    }

    @Test func noCutAndNoWrongByteTraps() throws {
        let graph =
            Self.tensor("w", [1, 3], Self.bytes([1, -2, 0.5])) + Self.tensor("b", [2], type: 16, [1, 2, 3, 4])
        let whole = Self.number(1, 8) + Self.message(7, graph)
        for count in 3..<whole.count { #expect(code(Array(whole.prefix(count))) == .truncatedFile, "\(count) bytes") }
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<400 {
            var mutated = whole
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                mutated[Int.random(in: mutated.indices, using: &generator)] = .random(in: 0...255, using: &generator)
            }
            guard let file = try? read(mutated) else { continue }
            for name in file.names { _ = try? file.values(of: name, shape: name == "b" ? [2] : [1, 3]) }
        }
    }

    /// Silero's layout with every weight equal, changed by `change`.
    private func voiceActivity(_ change: (String, [Int]) -> (shape: [Int], value: Float)?) throws
        -> VoiceActivityWeights
    {
        let tensors = VoiceActivityWeights.layout.flatMap { name, shape -> [UInt8] in
            guard let (shape, value) = change(name, shape) else { return [] }
            let content = Self.bytes([Float](repeating: value, count: shape.reduce(1, *)))
            return Self.tensor(name, shape.map(UInt64.init), content)
        }
        try directory.write(Self.message(7, tensors), to: VoiceActivityWeights.fileName)
        return try VoiceActivityWeights(directory: directory.path)
    }

    @Test func weightsOfVoiceActivityAreTakenInOrder() throws {
        let names = VoiceActivityWeights.layout.map(\.name)
        let weights = try voiceActivity { name, shape in (shape, Float(names.firstIndex(of: name) ?? -1)) }
        #expect(weights.values.count == 309_633)
        #expect(weights.values.first == 0 && weights.values.last == 13)
        #expect(weights.values == weights.values.sorted())
    }

    @Test func anotherNetworkIsRefused() throws {
        func code(_ change: (String, [Int]) -> (shape: [Int], value: Float)?) -> ModelError.Code? {
            #expect(throws: ModelError.self) { try voiceActivity(change) }?.code
        }
        #expect(code { name, shape in name.hasPrefix("decoder") ? nil : (shape, 0) } == .missingTensor)
        #expect(code { name, shape in (name.hasPrefix("decoder") ? [1] + shape : shape, 0) } == .shapeMismatch)
        #expect(code { name, shape in (shape, name.hasPrefix("decoder") ? .nan : 0) } == .malformedFile)
    }

    @Test(.enabled(if: TestModels.hasVoiceActivity, "needs the model silero-vad"))
    func trainedWeightsAreRead() throws {
        let weights = try VoiceActivityWeights(directory: TestModels.voiceActivity)
        #expect(abs((weights.values.last ?? 0) - 0.058471) < 1e-6)
        #expect(weights.values[258 * 256] != 0)
    }
}
