/// Writes JSON as Python's `json` module spaces and escapes it, letters outside ASCII as they are.
package struct JSONWriter {
    package var output = ""

    package init() {}

    /// A key and the colon after it; the name must not need escapes.
    package mutating func key(_ name: String) {
        output += "\""
        output += name
        output += "\": "
    }

    /// The shortest digits that read back as the same number, with at least one decimal: Swift and Python agree on
    /// them. JSON has no word for what is not finite; that becomes `null`.
    package mutating func number(_ value: Double) {
        output += value.isFinite ? value.description : "null"
    }

    package mutating func array<Element>(_ elements: [Element], _ write: (inout JSONWriter, Element) -> Void) {
        output += "["
        for (index, element) in elements.enumerated() {
            if index > 0 {
                output += ", "
            }
            write(&self, element)
        }
        output += "]"
    }

    package mutating func string(_ text: String) {
        output += "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": output += "\\\""
            case "\\": output += "\\\\"
            case "\n": output += "\\n"
            case "\r": output += "\\r"
            case "\t": output += "\\t"
            case "\u{8}": output += "\\b"
            case "\u{C}": output += "\\f"
            case "\0"..."\u{1F}":
                let digits = String(scalar.value, radix: 16)
                output += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            default: output.unicodeScalars.append(scalar)
            }
        }
        output += "\""
    }
}
