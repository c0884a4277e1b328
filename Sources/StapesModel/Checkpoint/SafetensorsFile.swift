/// A `.safetensors` file: a 64-bit header size, a JSON header, then the data that its offsets count from.
struct SafetensorsFile {
    let variables: [String: StoredVariable]

    /// The format's own limit on its header.
    static let maximumHeaderByteCount = 100_000_000

    /// - Throws: `missingFile`, `unreadableFile`, `truncatedFile`, `malformedFile`.
    init(path: String) throws(ModelError) {
        let file = try MappedFile(path: path)
        var reader = ByteReader(file)
        let headerByteCount = try reader.read(UInt64.self, of: "the header's size")
        guard headerByteCount <= Self.maximumHeaderByteCount else {
            throw ModelError(
                .malformedFile, "\(path): claims a header of \(headerByteCount) bytes; not a safetensors file")
        }
        let headerStart = try reader.skip(Int(headerByteCount), of: "the header")
        let dataStart = reader.offset
        let header = try JSONFile.decode(
            SafetensorsHeader.self, from: file, range: headerStart..<headerStart + Int(headerByteCount))

        var variables: [String: StoredVariable] = [:]
        for (name, entry) in header.entries {
            variables[name] = try Self.variable(name, entry, in: file, dataStart: dataStart)
        }
        try Self.checkOverlaps(variables.values, path: path)
        self.variables = variables
    }

    private static func variable(
        _ name: String, _ entry: SafetensorsHeader.Entry, in file: MappedFile, dataStart: Int
    ) throws(ModelError) -> StoredVariable {
        let offsets = entry.dataOffsets
        guard offsets.count == 2, offsets[0] >= 0, offsets[0] <= offsets[1] else {
            throw ModelError(.malformedFile, "\(file.path): \(name) has offsets \(offsets)")
        }
        guard offsets[1] <= file.byteCount - dataStart else {
            throw ModelError(
                .truncatedFile,
                "\(file.path): \(name) ends at byte \(offsets[1]) of \(file.byteCount - dataStart) bytes of data"
            )
        }
        guard let count = StoredVariable.elementCount(of: entry.shape) else {
            throw ModelError(.malformedFile, "\(file.path): \(name) has shape \(entry.shape)")
        }
        if let size = SafetensorsHeader.byteCount(ofType: entry.dtype) {
            let (expected, overflow) = count.multipliedReportingOverflow(by: size)
            guard !overflow, expected == offsets[1] - offsets[0] else {
                throw ModelError(
                    .malformedFile,
                    "\(file.path): \(name) has offsets \(offsets) for shape \(entry.shape) of \(entry.dtype)"
                )
            }
        }
        return StoredVariable(
            name: name, shape: entry.shape, typeName: entry.dtype,
            elementType: SafetensorsHeader.elementType(ofType: entry.dtype), file: file,
            byteOffset: dataStart + offsets[0], byteCount: offsets[1] - offsets[0])
    }

    private static func checkOverlaps(
        _ variables: some Collection<StoredVariable>, path: String
    ) throws(ModelError) {
        let inOrder = variables.filter { $0.byteCount > 0 }.sorted { $0.byteOffset < $1.byteOffset }
        for (earlier, later) in zip(inOrder, inOrder.dropFirst())
        where earlier.byteOffset + earlier.byteCount > later.byteOffset {
            throw ModelError(.malformedFile, "\(path): \(earlier.name) and \(later.name) overlap")
        }
    }
}
