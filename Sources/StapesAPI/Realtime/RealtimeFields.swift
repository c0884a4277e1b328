/// The fields of an object that a client sent, with errors that name them.
struct RealtimeFields {
    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(_ name: String) { stringValue = name }
        init?(stringValue: String) { self.init(stringValue) }
        init?(intValue: Int) { nil }
    }

    private let container: KeyedDecodingContainer<Name>

    init(_ decoder: any Decoder) throws {
        container = try decoder.container(keyedBy: Name.self)
    }

    private init(_ container: KeyedDecodingContainer<Name>) { self.container = container }

    /// The field's name with those of the objects it stands in.
    func path(_ name: String) -> String {
        (container.codingPath.map(\.stringValue) + [name]).joined(separator: ".")
    }

    func error(_ name: String, _ message: String) -> RealtimeError {
        RealtimeError(.invalidValue, "Invalid value for '\(path(name))': \(message).", parameter: path(name))
    }

    /// - Throws: `missingField`.
    func required<Value>(_ name: String, _ value: Value?) throws(RealtimeError) -> Value {
        guard let value else {
            throw RealtimeError(
                .missingField, "Missing required parameter: '\(path(name))'.", parameter: path(name))
        }
        return value
    }

    /// Whether the client sent `null`.
    func isNull(_ name: String) -> Bool {
        container.contains(Name(name)) && (try? container.decodeNil(forKey: Name(name))) == true
    }

    /// Nil if the field is absent or `null`.
    ///
    /// - Throws: `invalidValue`.
    private func value<Value: Decodable>(
        _ name: String, _ kind: String, as type: Value.Type
    ) throws(RealtimeError) -> Value? {
        do {
            return try container.decodeIfPresent(Value.self, forKey: Name(name))
        } catch {
            throw self.error(name, "expected \(kind)")
        }
    }

    func string(_ name: String) throws(RealtimeError) -> String? { try value(name, "a string", as: String.self) }

    func strings(_ name: String) throws(RealtimeError) -> [String]? {
        try value(name, "an array of strings", as: [String].self)
    }

    func integer(_ name: String) throws(RealtimeError) -> Int? { try value(name, "an integer", as: Int.self) }

    func number(_ name: String) throws(RealtimeError) -> Double? { try value(name, "a number", as: Double.self) }

    func object(_ name: String) throws(RealtimeError) -> RealtimeFields? {
        guard container.contains(Name(name)), !isNull(name) else { return nil }
        do {
            return RealtimeFields(try container.nestedContainer(keyedBy: Name.self, forKey: Name(name)))
        } catch {
            throw self.error(name, "expected an object")
        }
    }

    /// What a string changes.
    func change(_ name: String) throws(RealtimeError) -> RealtimeUpdate.Change<String> {
        if let value = try string(name) { return .set(value) }
        return isNull(name) ? .clear : .keep
    }
}
