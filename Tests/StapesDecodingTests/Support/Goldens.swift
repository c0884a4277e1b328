import FoundationEssentials

/// Recorded outputs of the reference, made by `Scripts/make-decoding-goldens.py`.
enum Goldens {
    static func load<Value: Decodable>(_ name: String, as type: Value.Type = Value.self) throws -> Value {
        let here = String(describing: #filePath)
        let folder = here.split(separator: "/", omittingEmptySubsequences: false).dropLast(2).joined(separator: "/")
        let data = try Data(contentsOf: URL(filePath: "\(folder)/Goldens/\(name)"))
        return try JSONDecoder().decode(type, from: data)
    }
}
