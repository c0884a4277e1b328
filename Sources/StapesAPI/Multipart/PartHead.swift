import StapesDecoding

/// What a part says of itself.
package struct PartHead: Sendable, Hashable {
    /// The form's field.
    package let name: String
    /// Without folders; nil for a part that is no file.
    package let filename: String?
    /// As it stands; nil if it is not said.
    package let contentType: String?

    package init(name: String, filename: String? = nil, contentType: String? = nil) {
        self.name = name
        self.filename = filename
        self.contentType = contentType
    }

    /// - Parameter lines: the part's head without line ends.
    /// - Throws: `malformedBody` for what is no header, or a part without a name.
    init(lines: [String]) throws(APIError) {
        var headers: [String: String] = [:]
        for line in lines {
            guard let colon = line.utf8.firstIndex(of: UInt8(ascii: ":")) else {
                throw APIError(.malformedBody, "the head of a part has a line that is no header")
            }
            let name = line[..<colon].lowercased()
            if headers[name] == nil {
                headers[name] = String(line[line.index(after: colon)...]).strippingWhitespace()
            }
        }
        let disposition = HeaderValue(headers["content-disposition"] ?? "")
        guard disposition.main == "form-data", let name = disposition.parameters["name"] else {
            throw APIError(.malformedBody, "a part has no name: its head has no Content-Disposition of a form's field")
        }
        let filename = disposition.parameters["filename*"].flatMap(Self.extended) ?? disposition.parameters["filename"]
        self.init(name: name, filename: filename.map(Self.withoutFolders), contentType: headers["content-type"])
    }

    private static func withoutFolders(_ path: String) -> String {
        let scalars = path.unicodeScalars
        guard let last = scalars.lastIndex(where: { $0 == "/" || $0 == "\\" }) else { return path }
        return String(scalars[scalars.index(after: last)...])
    }

    /// `UTF-8''na%C3%AFve.wav` (RFC 5987); nil if it is not written so.
    private static func extended(_ text: String) -> String? {
        let parts = text.split(separator: "'", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3 else { return nil }
        var bytes: [UInt8] = []
        var rest = parts[2].utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(2)
            guard digits.count == 2, digits.allSatisfy({ UnicodeScalar($0).properties.isASCIIHexDigit }),
                let decoded = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
            else { return nil }
            bytes.append(decoded)
            rest = rest.dropFirst(2)
        }
        switch parts[0].lowercased() {
        case "utf-8": return String(validating: bytes, as: UTF8.self)
        case "iso-8859-1": return String(String.UnicodeScalarView(bytes.map(Unicode.Scalar.init)))
        default: return nil
        }
    }
}
