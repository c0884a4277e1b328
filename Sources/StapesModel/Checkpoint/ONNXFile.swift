/// The weights of an `.onnx` file: the initializers of its graph. The graph itself is not read; who asks for a weight
/// knows the network.
package struct ONNXFile: Sendable {
    private let path: String
    private let variables: [String: StoredVariable]

    package var names: [String] { variables.keys.sorted() }

    /// Field numbers of the format's messages.
    private enum Model { static let graph = 7 }
    private enum Graph { static let initializer = 5 }
    private enum TensorField {
        static let dimension = 1
        static let type = 2
        static let name = 8
        static let content = 9
    }

    /// - Throws: `missingFile`, `unreadableFile`, `truncatedFile`, `malformedFile`.
    package init(path: String) throws(ModelError) {
        let file = try MappedFile(path: path)
        var variables: [String: StoredVariable] = [:]
        var hasGraph = false
        var model = ProtobufReader(file, range: 0..<file.byteCount)
        while let field = try model.next() {
            guard field.number == Model.graph, case .bytes(let range) = field.value else { continue }
            hasGraph = true
            var graph = ProtobufReader(file, range: range)
            while let field = try graph.next() {
                guard field.number == Graph.initializer, case .bytes(let range) = field.value else { continue }
                let variable = try Self.variable(in: file, range: range)
                guard variables.updateValue(variable, forKey: variable.name) == nil else {
                    throw ModelError(.malformedFile, "\(path): has two weights called \(variable.name)")
                }
            }
        }
        guard hasGraph else { throw ModelError(.malformedFile, "\(path): holds no graph; not an ONNX file") }
        self.path = path
        self.variables = variables
    }

    /// The values of a weight, row-major.
    ///
    /// - Throws: `missingTensor`, `shapeMismatch`, `unsupportedElementType`.
    package func values(of name: String, shape: [Int]) throws(ModelError) -> [Float] {
        guard let variable = variables[name] else {
            throw ModelError(.missingTensor, "\(path): has no weight \(name)")
        }
        guard variable.shape == shape else {
            throw ModelError(
                .shapeMismatch, "\(path): \(name) has shape \(variable.shape), the network calls for \(shape)")
        }
        return try variable.array().float32Values()
    }

    private static func variable(in file: MappedFile, range: Range<Int>) throws(ModelError) -> StoredVariable {
        var name = ""
        var shape: [Int] = []
        var type: UInt64 = 0
        var content: Range<Int>?
        var reader = ProtobufReader(file, range: range)
        while let field = try reader.next() {
            switch (field.number, field.value) {
            case (TensorField.dimension, .number(let dimension)): shape.append(Int(truncatingIfNeeded: dimension))
            case (TensorField.dimension, .bytes(let packed)):
                var dimensions = ProtobufReader(file, range: packed)
                while dimensions.hasMore { shape.append(Int(truncatingIfNeeded: try dimensions.readNumber())) }
            case (TensorField.type, .number(let code)): type = code
            case (TensorField.name, .bytes(let text)):
                name = file.withUnsafeBytes { String(decoding: $0[text], as: UTF8.self) }
            case (TensorField.content, .bytes(let bytes)): content = bytes
            default: break
            }
        }
        guard let content else {
            throw ModelError(.malformedFile, "\(file.path): \(name) has no raw content, the only form that is read")
        }
        guard let count = StoredVariable.elementCount(of: shape) else {
            throw ModelError(.malformedFile, "\(file.path): \(name) has shape \(shape)")
        }
        let elementType = elementType(ofCode: type)
        if let elementType {
            let (expected, overflow) = count.multipliedReportingOverflow(by: elementType.byteCount)
            guard !overflow, expected == content.count else {
                throw ModelError(
                    .malformedFile,
                    "\(file.path): \(name) has \(content.count) bytes for shape \(shape) of \(elementType)")
            }
        }
        return StoredVariable(
            name: name, shape: shape, typeName: "ONNX type \(type)", elementType: elementType, file: file,
            byteOffset: content.lowerBound, byteCount: content.count)
    }

    private static func elementType(ofCode code: UInt64) -> ElementType? {
        switch code {
        case 1: .float32
        case 10: .float16
        case 16: .bfloat16
        default: nil
        }
    }
}
