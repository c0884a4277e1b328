extension String {
    /// The text without white space at both ends, as Python's `str.strip()` removes it.
    ///
    /// It works on scalars: a space that carries a combining mark is still a space to the reference.
    package func strippingWhitespace() -> String {
        let scalars = unicodeScalars
        guard let first = scalars.firstIndex(where: { !$0.isStripped }),
            let last = scalars.lastIndex(where: { !$0.isStripped })
        else { return "" }
        return String(scalars[first...last])
    }
}

extension Unicode.Scalar {
    /// White space to Python, which counts the four ASCII information separators as such; Unicode does not.
    package var isStripped: Bool {
        switch value {
        case 0x09...0x0D, 0x1C...0x20: true
        case 0..<0x80: false
        default: properties.isWhitespace
        }
    }
}
