/// A model file of whisper.cpp: sizes, mel filters, vocabulary, then every weight with its description before it.
///
/// Numbers are little-endian and of 32 bits. A weight is: number of dimensions, length of the name, type, dimensions
/// from the innermost out, name, data; nothing is aligned. Nothing is allocated from a count in the file: entries are
/// read until the count or the file ends.
struct GGMLFile {
    /// `ggml`, as a number.
    static let magic: UInt32 = 0x6767_6D6C

    /// The header's sizes, as the file claims them.
    struct Sizes {
        let vocabulary, audioContext, audioWidth, audioHeads, audioLayers: Int
        let textContext, textWidth, textHeads, textLayers, melBins: Int
    }

    /// A weight as its description has it.
    struct Variable {
        let name: String
        /// Row-major.
        let shape: [Int]
        let type: GGMLType
        let byteOffset: Int

        /// Elements: the shape was checked when it was read.
        var count: Int { shape.reduce(1, *) }
    }

    let file: MappedFile
    let sizes: Sizes
    private(set) var variables: [String: Variable] = [:]

    var path: String { file.path }

    /// Whether a file begins as these do; false for what cannot be opened.
    static func isOne(_ path: String) -> Bool {
        guard let file = try? MappedFile(path: path) else { return false }
        var reader = ByteReader(file)
        return (try? reader.read(UInt32.self, of: "the magic number")) == magic
    }

    /// The file of this kind that a path stands for: the file itself, or the only one in a folder; nil for neither.
    ///
    /// - Throws: `malformedFile` when the folder holds several.
    static func path(at path: String) throws(ModelError) -> String? {
        if !FileSystem.isDirectory(path) { return isOne(path) ? path : nil }
        let names = FileSystem.names(in: path).filter { $0.hasSuffix(".bin") && isOne("\(path)/\($0)") }
        guard names.count < 2 else {
            throw ModelError(
                .malformedFile, "\(path): holds several ggml files (\(names.joined(separator: ", "))); name one")
        }
        return names.first.map { "\(path)/\($0)" }
    }

    /// - Throws: `missingFile`, `unreadableFile`, `truncatedFile`, `malformedFile`, `unsupportedElementType`.
    init(path: String) throws(ModelError) {
        file = try MappedFile(path: path)
        var reader = ByteReader(file)
        guard try reader.read(UInt32.self, of: "the magic number") == Self.magic else {
            throw ModelError(.malformedFile, "\(path): not a ggml file")
        }
        sizes = try Self.readSizes(&reader)
        try Self.skipFilters(&reader, melBins: sizes.melBins)
        try Self.skipVocabulary(&reader, size: sizes.vocabulary)
        while reader.offset < file.byteCount {
            let variable = try Self.readVariable(&reader)
            guard variables.updateValue(variable, forKey: variable.name) == nil else {
                throw ModelError(.malformedFile, "\(path): holds \(variable.name) twice")
            }
        }
    }

    private static func readSizes(_ reader: inout ByteReader) throws(ModelError) -> Sizes {
        var numbers: [Int] = []
        for _ in 0..<11 { numbers.append(Int(try reader.read(Int32.self, of: "the sizes"))) }
        // The last tells the type of most weights, and each weight tells its own.
        return Sizes(
            vocabulary: numbers[0], audioContext: numbers[1], audioWidth: numbers[2], audioHeads: numbers[3],
            audioLayers: numbers[4], textContext: numbers[5], textWidth: numbers[6], textHeads: numbers[7],
            textLayers: numbers[8], melBins: numbers[9])
    }

    /// Ours are computed: the file's would have to be the same.
    private static func skipFilters(_ reader: inout ByteReader, melBins: Int) throws(ModelError) {
        let bins = Int(try reader.read(Int32.self, of: "the mel filters"))
        let points = Int(try reader.read(Int32.self, of: "the mel filters"))
        // Filters of a transform of `points` values: far more than any model's, and no overflow.
        guard bins == melBins, (1...1024).contains(bins), (1...65536).contains(points) else {
            throw ModelError(
                .malformedFile,
                "\(reader.file.path): has mel filters of \(bins) by \(points) for a model of \(melBins) mel bins")
        }
        _ = try reader.skip(bins * points * 4, of: "the mel filters")
    }

    private static func skipVocabulary(_ reader: inout ByteReader, size: Int) throws(ModelError) {
        let count = Int(try reader.read(Int32.self, of: "the vocabulary"))
        guard (0...max(0, size)).contains(count) else {
            throw ModelError(
                .malformedFile, "\(reader.file.path): lists \(count) tokens for a model of \(size) tokens")
        }
        for token in 0..<count {
            let byteCount = Int(try reader.read(UInt32.self, of: "the vocabulary"))
            _ = try reader.skip(byteCount, of: "token \(token)")
        }
    }

    private static func readVariable(_ reader: inout ByteReader) throws(ModelError) -> Variable {
        let path = reader.file.path
        let rank = try reader.read(Int32.self, of: "a weight's description")
        let nameByteCount = try reader.read(Int32.self, of: "a weight's description")
        let typeNumber = try reader.read(UInt32.self, of: "a weight's description")
        // Published names have at most 47 characters.
        guard (0...4).contains(rank), (1...1024).contains(nameByteCount) else {
            throw ModelError(
                .malformedFile,
                "\(path): a weight at byte \(reader.offset - 12) has \(rank) dimensions and \(nameByteCount) bytes of name"
            )
        }
        var shape: [Int] = []
        for _ in 0..<rank { shape.insert(Int(try reader.read(Int32.self, of: "a weight's shape")), at: 0) }
        let nameStart = try reader.skip(Int(nameByteCount), of: "a weight's name")
        let name = reader.file.withUnsafeBytes {
            String(validating: $0[nameStart..<nameStart + Int(nameByteCount)], as: UTF8.self)
        }
        guard let name else {
            throw ModelError(.malformedFile, "\(path): the name at byte \(nameStart) is not UTF-8")
        }
        guard let type = GGMLType(number: typeNumber) else {
            guard let word = GGMLType.word(number: typeNumber) else {
                throw ModelError(
                    .malformedFile, "\(path): \(name) has type \(typeNumber), which the format does not know")
            }
            throw ModelError(.unsupportedElementType, "\(path): \(name) is stored as \(word), which is not read")
        }
        // No element takes more than four bytes.
        guard let count = StoredVariable.elementCount(of: shape), count <= Int.max / 4,
            type.blocks == nil || (shape.last ?? 1) % BlockFormat.length == 0
        else {
            throw ModelError(.malformedFile, "\(path): \(name) has shape \(shape) of \(type.rawValue)")
        }
        let byteOffset = try reader.skip(type.byteCount(of: count), of: name)
        return Variable(name: name, shape: shape, type: type, byteOffset: byteOffset)
    }
}
