import StapesDecoding

/// A form's text fields in their order.
package struct FormFields: Sendable, Hashable {
    package struct Entry: Sendable, Hashable {
        package let name: String
        package let value: String
    }

    /// Bytes of all names and values.
    package static let byteLimit = 1 << 20

    package private(set) var entries: [Entry] = []
    private var openName = ""
    private var openValue: [UInt8] = []
    private var byteCount = 0

    package init() {}

    /// Begins a field, whose value comes in pieces.
    ///
    /// - Throws: `bodyTooLarge`.
    package mutating func begin(_ name: String) throws(APIError) {
        openName = name
        openValue = []
        try count(name.utf8.count)
    }

    /// - Throws: `bodyTooLarge`.
    package mutating func append(_ bytes: [UInt8]) throws(APIError) {
        try count(bytes.count)
        openValue += bytes
    }

    /// - Throws: `invalidValue` if the value is no UTF-8.
    package mutating func end() throws(APIError) {
        guard let value = String(validating: openValue, as: UTF8.self) else {
            throw APIError(.invalidValue, "the field \(openName.quoted) is no text in UTF-8", parameter: openName)
        }
        entries.append(Entry(name: openName, value: value))
        openValue = []
    }

    private mutating func count(_ bytes: Int) throws(APIError) {
        byteCount += bytes
        guard byteCount <= Self.byteLimit else {
            throw APIError(.bodyTooLarge, "the fields beside the file are longer than \(Self.byteLimit) bytes")
        }
    }
}

extension FormFields {
    /// The last value of a field; nil if that is blank, as forms send fields that were not filled in.
    func value(_ name: String) -> String? {
        guard let value = entries.last(where: { $0.name == name })?.value else { return nil }
        return value.strippingWhitespace().isEmpty ? nil : value
    }

    /// What stands in a name's brackets, with the value, of every field that is written `name[...]`.
    func bracketed(_ name: String) -> [(key: String, value: String)] {
        entries.compactMap { entry in
            guard entry.name.hasPrefix(name + "["), entry.name.hasSuffix("]") else { return nil }
            let value = entry.value.strippingWhitespace()
            return value.isEmpty ? nil : (String(entry.name.dropFirst(name.count + 1).dropLast()), value)
        }
    }

    /// The values of a field that takes many: one for each `name[]`, a list of them in `name`, as JSON or separated by
    /// commas.
    func values(_ name: String) -> [String] {
        let single = bracketed(name).filter { $0.key.utf8.allSatisfy { (0x30...0x39).contains($0) } }.map(\.value)
        let listed = entries.filter { $0.name == name }.flatMap { Self.list($0.value) }
        return single + listed
    }

    private static func list(_ text: String) -> [String] {
        if text.strippingWhitespace().hasPrefix("["), case .array(let items)? = JSONDocument(parsing: text) {
            return items.map { item in
                if case .string(let text) = item { text } else { item.text }
            }
        }
        return text.split(separator: ",").map { String($0).strippingWhitespace() }.filter { !$0.isEmpty }
    }
}
