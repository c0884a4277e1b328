import StapesFormats

/// What a JSON text says. Objects keep the order of their keys, so that the same value is always the same text.
package enum JSONDocument: Sendable, Hashable {
    package struct Member: Sendable, Hashable {
        package let key: String
        package let value: JSONDocument

        package init(_ key: String, _ value: JSONDocument) {
            self.key = key
            self.value = value
        }
    }

    case null
    case bool(Bool)
    case integer(Int)
    /// Written as `null` if it is not finite.
    case number(Double)
    case string(String)
    case array([JSONDocument])
    case object([Member])

    /// The value of an object's key; nil for what is no object or has no such key.
    package subscript(key: String) -> JSONDocument? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key == key }?.value
    }

    /// On one line.
    package var text: String {
        var writer = JSONWriter()
        write(to: &writer)
        return writer.output
    }

    private func write(to writer: inout JSONWriter) {
        switch self {
        case .null: writer.output += "null"
        case .bool(let value): writer.output += value ? "true" : "false"
        case .integer(let value): writer.output += "\(value)"
        case .number(let value): writer.number(value)
        case .string(let value): writer.string(value)
        case .array(let values): writer.array(values) { $1.write(to: &$0) }
        case .object(let members):
            writer.output += "{"
            for (index, member) in members.enumerated() {
                if index > 0 { writer.output += ", " }
                writer.string(member.key)
                writer.output += ": "
                member.value.write(to: &writer)
            }
            writer.output += "}"
        }
    }
}

extension JSONDocument: ExpressibleByStringInterpolation, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }

    package init(booleanLiteral value: Bool) { self = .bool(value) }

    package init(integerLiteral value: Int) { self = .integer(value) }

    package init(arrayLiteral elements: JSONDocument...) { self = .array(elements) }

    package init(dictionaryLiteral elements: (String, JSONDocument)...) {
        self = .object(elements.map { Member($0, $1) })
    }

    package static func + (left: JSONDocument, right: [Member]) -> JSONDocument {
        guard case .object(let members) = left else { preconditionFailure("only an object takes members") }
        return .object(members + right)
    }
}
