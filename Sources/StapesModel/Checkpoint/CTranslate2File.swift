/// CTranslate2's `model.bin`: a short header, then every variable with its description before it, then aliases.
///
/// Nothing is allocated from a count in the file: entries are read until the count or the file ends.
struct CTranslate2File {
    let path: String
    /// Aliases included.
    private(set) var variables: [String: StoredVariable] = [:]

    /// Versions whose layout this is. Version 6 moved settings from the file to `config.json`, nothing else.
    static let versions: ClosedRange<UInt32> = 4...6

    /// - Throws: `missingFile`, `unreadableFile`, `truncatedFile`, `malformedFile`, `unsupportedVersion`, `notWhisper`.
    init(path: String) throws(ModelError) {
        self.path = path
        let file = try MappedFile(path: path)
        var reader = ByteReader(file)
        let version = try reader.read(UInt32.self, of: "the version")
        guard Self.versions.contains(version) else {
            throw ModelError(
                .unsupportedVersion,
                "\(path): not CTranslate2's format, or a version (\(version)) other than 4 to 6"
            )
        }
        let specification = try reader.readString(of: "the specification's name")
        guard specification == "WhisperSpec" else {
            throw ModelError(.notWhisper, "\(path): holds a \(specification), not a WhisperSpec")
        }
        _ = try reader.read(UInt32.self, of: "the revision")

        for _ in 0..<(try reader.read(UInt32.self, of: "the variable count")) {
            let variable = try Self.readVariable(&reader)
            guard variables.updateValue(variable, forKey: variable.name) == nil else {
                throw ModelError(.malformedFile, "\(path): holds \(variable.name) twice")
            }
        }
        for _ in 0..<(try reader.read(UInt32.self, of: "the alias count")) {
            let alias = try reader.readString(of: "an alias")
            let name = try reader.readString(of: "an alias's target")
            guard let target = variables[name] else {
                throw ModelError(.malformedFile, "\(path): alias \(alias) names \(name), which is not there")
            }
            if variables[alias] == nil { variables[alias] = target }
        }
    }

    /// - Throws: `missingTensor`.
    func variable(_ name: String) throws(ModelError) -> StoredVariable {
        guard let variable = variables[name] else {
            throw ModelError(.missingTensor, "\(path): holds no \(name)")
        }
        return variable
    }

    /// A whole number stored as a scalar of any integer type; `nil` when absent or of another shape.
    func integer(_ name: String) -> Int? {
        guard let variable = variables[name], variable.byteCount > 0 else { return nil }
        return variable.file.withUnsafeBytes { bytes in
            let offset = variable.byteOffset
            switch (variable.typeName, variable.byteCount) {
            case ("int8", 1): return Int(bytes.loadUnaligned(fromByteOffset: offset, as: Int8.self))
            case ("int16", 2):
                return Int(Int16(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Int16.self)))
            case ("int32", 4):
                return Int(Int32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Int32.self)))
            default: return nil
            }
        }
    }

    private static func readVariable(_ reader: inout ByteReader) throws(ModelError) -> StoredVariable {
        let path = reader.file.path
        let name = try reader.readString(of: "a variable's name")
        var shape: [Int] = []
        for _ in 0..<(try reader.read(UInt8.self, of: "the rank of \(name)")) {
            shape.append(Int(try reader.read(UInt32.self, of: "the shape of \(name)")))
        }
        let typeCode = try reader.read(UInt8.self, of: "the type of \(name)")
        guard let type = StoredType(rawValue: typeCode) else {
            throw ModelError(.malformedFile, "\(path): \(name) has type \(typeCode), which the format does not know")
        }
        let byteCount = Int(try reader.read(UInt32.self, of: "the size of \(name)"))
        let expected = StoredVariable.elementCount(of: shape)?.multipliedReportingOverflow(by: type.byteCount)
        guard let expected, !expected.overflow, expected.partialValue == byteCount else {
            throw ModelError(.malformedFile, "\(path): \(name) has \(byteCount) bytes for shape \(shape) of \(type)")
        }
        let byteOffset = try reader.skip(byteCount, of: name)
        return StoredVariable(
            name: name, shape: shape, typeName: "\(type)", elementType: type.elementType, file: reader.file,
            byteOffset: byteOffset, byteCount: byteCount)
    }

    /// The format's numbers for its types.
    private enum StoredType: UInt8 {
        case float32, int8, int16, int32, float16, bfloat16

        var byteCount: Int {
            switch self {
            case .int8: 1
            case .int16, .float16, .bfloat16: 2
            case .int32, .float32: 4
            }
        }

        var elementType: ElementType? {
            switch self {
            case .float32: .float32
            case .float16: .float16
            case .bfloat16: .bfloat16
            case .int8: .int8
            case .int16, .int32: nil
            }
        }
    }
}
