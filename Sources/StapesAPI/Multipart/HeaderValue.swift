import StapesDecoding

/// A header's value with parameters, as in `form-data; name="file"; filename="a.wav"`.
struct HeaderValue: Sendable, Hashable {
    /// What stands before the first semicolon, in lower case.
    let main: String
    /// The first of each name; names in lower case.
    let parameters: [String: String]

    init(_ text: String) {
        var reader = Reader(scalars: Array(text.unicodeScalars))
        main = reader.token(until: [";"]).lowercased()
        var parameters: [String: String] = [:]
        while reader.skip(";") {
            let name = reader.token(until: [";", "="]).lowercased()
            guard reader.skip("=") else { continue }
            let value = reader.value()
            if !name.isEmpty, parameters[name] == nil { parameters[name] = value }
        }
        self.parameters = parameters
    }
}

private struct Reader {
    let scalars: [Unicode.Scalar]
    private var index = 0

    init(scalars: [Unicode.Scalar]) { self.scalars = scalars }

    mutating func skip(_ scalar: Unicode.Scalar) -> Bool {
        guard index < scalars.count, scalars[index] == scalar else { return false }
        index += 1
        return true
    }

    mutating func token(until ends: Set<Unicode.Scalar>) -> String {
        let start = index
        while index < scalars.count, !ends.contains(scalars[index]) { index += 1 }
        return String(String.UnicodeScalarView(scalars[start..<index])).strippingWhitespace()
    }

    /// A token, or what stands in quotes. A backslash there hides a quote or a backslash; before anything else it is
    /// one, as in the paths that some browsers send.
    mutating func value() -> String {
        while index < scalars.count, scalars[index].isStripped { index += 1 }
        guard skip("\"") else { return token(until: [";"]) }
        var text = String.UnicodeScalarView()
        while index < scalars.count, scalars[index] != "\"" {
            if scalars[index] == "\\", index + 1 < scalars.count, ["\"", "\\"].contains(scalars[index + 1]) {
                index += 1
            }
            text.append(scalars[index])
            index += 1
        }
        _ = skip("\"")
        _ = token(until: [";"])
        return String(text)
    }
}
