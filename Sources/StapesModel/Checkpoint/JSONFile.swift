import FoundationEssentials

/// Small JSON files of a model directory.
enum JSONFile {
    /// A model's JSON files are kilobytes, an index of shards at most a few megabytes.
    static let maximumByteCount = 64 << 20

    /// - Throws: `missingFile`, `unreadableFile`, `malformedFile`.
    static func read<Value: Decodable>(_ type: Value.Type, path: String) throws(ModelError) -> Value {
        let file = try MappedFile(path: path)
        guard file.byteCount <= maximumByteCount else {
            throw ModelError(.malformedFile, "\(path): \(file.byteCount) bytes are too many for this file")
        }
        return try decode(type, from: file, range: 0..<file.byteCount)
    }

    /// Decodes bytes `range` of `file`, which must lie inside it.
    ///
    /// - Throws: `malformedFile`.
    static func decode<Value: Decodable>(
        _ type: Value.Type, from file: MappedFile, range: Range<Int>
    ) throws(ModelError) -> Value {
        do {
            let data = file.withUnsafeBytes { Data($0[range]) }
            return try JSONDecoder().decode(type, from: data)
        } catch {
            throw ModelError(.malformedFile, "\(file.path): \(explanation(of: error))", cause: error)
        }
    }

    /// One line out of Foundation's nested descriptions.
    private static func explanation(of error: any Error) -> String {
        guard let error = error as? DecodingError else { return "not valid JSON" }
        func place(_ context: DecodingError.Context, _ last: String? = nil) -> String {
            (context.codingPath.map(\.stringValue) + (last.map { [$0] } ?? [])).joined(separator: ".")
        }
        switch error {
        case .keyNotFound(let key, let context): return "\(place(context, key.stringValue)) is missing"
        case .valueNotFound(_, let context): return "\(place(context)) is null"
        case .typeMismatch(let type, let context): return "\(place(context)) is not of type \(type)"
        case .dataCorrupted(let context):
            return context.codingPath.isEmpty ? "not valid JSON" : "\(place(context)): \(context.debugDescription)"
        @unknown default: return "not valid JSON"
        }
    }
}
