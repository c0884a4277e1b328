/// Text as the normalizers work on it: Unicode scalars, which is what the reference's patterns match.
typealias Scalars = [Unicode.Scalar]

extension Unicode.Scalar {
    /// White space as Python's `\s` and `split` have it: U+001C to U+001F count too.
    var isSpace: Bool {
        properties.isWhitespace || (0x1C...0x1F).contains(value)
    }

    /// What `\w` matches: letters, anything with a numeric value, and the underscore.
    var isWord: Bool {
        switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
        default: properties.numericType != nil || self == "_"
        }
    }

    /// What `[0-9]` matches.
    var isASCIIDigit: Bool { ("0"..."9").contains(self) }

    /// What `\d` matches, in any script.
    var isDigit: Bool { properties.generalCategory == .decimalNumber }

    /// What `[a-z]` matches.
    var isASCIILowercase: Bool { ("a"..."z").contains(self) }
}

extension Array where Element == Unicode.Scalar {
    init(_ text: String) {
        self = Array(text.unicodeScalars)
    }

    /// Whether a word begins or ends between the scalars before and at `index`, as `\b` has it.
    func isWordBoundary(at index: Int) -> Bool {
        let before = index > 0 && self[index - 1].isWord
        let after = index < count && self[index].isWord
        return before != after
    }

    /// Where the run of white space that starts at `index` ends.
    func spaceEnd(from index: Int) -> Int {
        var end = index
        while end < count, self[end].isSpace { end += 1 }
        return end
    }

    func matches(_ literal: Scalars, at index: Int) -> Bool {
        index + literal.count <= count && self[index..<index + literal.count].elementsEqual(literal)
    }

    /// The words between white space.
    func words() -> [String] {
        split(whereSeparator: \.isSpace).map { String($0) }
    }

    /// The text with each run of white space as one space.
    func collapsingSpaces() -> Scalars {
        var result = Scalars()
        result.reserveCapacity(count)
        for scalar in self {
            if !scalar.isSpace {
                result.append(scalar)
            } else if result.last != " " {
                result.append(" ")
            }
        }
        return result
    }
}

extension String {
    init(_ scalars: some Sequence<Unicode.Scalar>) {
        var view = UnicodeScalarView()
        view.append(contentsOf: scalars)
        self = String(view)
    }
}
