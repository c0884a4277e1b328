/// A word that is a number in digits, perhaps with a decimal point and a sign before it: `$20.1`.
struct Numeral {
    let prefix: String?
    /// The word without the prefix.
    let digits: String
    /// The number, if it has no fraction: `3.00` is 3.
    let whole: DecimalNatural?

    init?(_ word: String) {
        guard let first = word.unicodeScalars.first else { return nil }
        let hasPrefix = (["-", "+", "£", "€", "$", "¢"] as Scalars).contains(first)
        let digits = hasPrefix ? String(word.unicodeScalars.dropFirst()) : word
        guard Self.isUnsigned(digits) else { return nil }
        prefix = hasPrefix ? String(first) : nil
        self.digits = digits
        whole = Self.product(of: digits, powerOfTen: 0)
    }

    /// Whether the word is digits of any script, with at most one point between them.
    static func isUnsigned(_ word: String?) -> Bool {
        guard let word else { return false }
        let parts = word.unicodeScalars.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count <= 2 && parts.allSatisfy { !$0.isEmpty && $0.allSatisfy(\.isDigit) }
    }

    /// A decimal number times a power of ten; nil if the text is no number, or if a fraction is left.
    static func product(of text: String, powerOfTen exponent: Int) -> DecimalNatural? {
        let parts = text.unicodeScalars.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, parts.contains(where: { !$0.isEmpty }) else { return nil }
        var digits: [[UInt8]] = []
        for part in parts {
            guard part.allSatisfy(\.isDigit) else { return nil }
            digits.append(part.map { UInt8($0.properties.numericValue ?? 0) })
        }
        var fraction = digits.count == 2 ? digits[1] : []
        while fraction.last == 0 { fraction.removeLast() }
        guard fraction.count <= exponent else { return nil }
        return DecimalNatural(digits: digits[0] + fraction).timesPowerOfTen(exponent - fraction.count)
    }
}
