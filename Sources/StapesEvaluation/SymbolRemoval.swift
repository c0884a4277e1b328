import Foundation

extension Array where Element == Unicode.Scalar {
    /// Marks, symbols and punctuation become spaces, after compatibility composition (NFKC). Accents that compose stay.
    func removingSymbols() -> Scalars {
        composedForCompatibility().map { $0.isMarkSymbolOrPunctuation ? " " : $0 }
    }

    /// NFKC: decomposed, then composed in parts.
    ///
    /// Foundation composes a mark with the low 16 bits of a base above U+FFFF: U+20065 and an acute accent give é. No
    /// composition has one half below and one above, so the text is cut where the two kinds of base meet, and between a
    /// high base and a low mark.
    private func composedForCompatibility() -> Scalars {
        if allSatisfy(\.isASCII) { return self }
        let text = Scalars(String(self).decomposedStringWithCompatibilityMapping)
        var result = Scalars()
        result.reserveCapacity(text.count)
        var start = 0
        var baseIsHigh = false
        for (index, scalar) in text.enumerated() {
            let isHigh = scalar.value > 0xFFFF
            let isMark = scalar.properties.canonicalCombiningClass != .notReordered
            guard isHigh != baseIsHigh, !(isMark && isHigh) else { continue }
            result.append(
                contentsOf: String(text[start..<index]).precomposedStringWithCompatibilityMapping.unicodeScalars)
            start = index
            baseIsHigh = isHigh
        }
        result.append(contentsOf: String(text[start...]).precomposedStringWithCompatibilityMapping.unicodeScalars)
        return result
    }

    /// As `removingSymbols`, but letters lose their accents (NFKD without non-spacing marks), and letters such as ø that
    /// do not decompose get a plain spelling.
    ///
    /// - Parameter kept: scalars that stay although they are symbols.
    func removingSymbolsAndDiacritics(keeping kept: Set<Unicode.Scalar> = []) -> Scalars {
        let text = allSatisfy(\.isASCII) ? self : Scalars(String(self).decomposedStringWithCompatibilityMapping)
        var result = Scalars()
        result.reserveCapacity(text.count)
        for scalar in text {
            if kept.contains(scalar) {
                result.append(scalar)
            } else if let plain = plainLetters[scalar] {
                result.append(contentsOf: plain.unicodeScalars)
            } else if scalar.properties.generalCategory != .nonspacingMark {
                result.append(scalar.isMarkSymbolOrPunctuation ? " " : scalar)
            }
        }
        return result
    }
}

/// Letters that no decomposition makes plain.
private let plainLetters: [Unicode.Scalar: String] = [
    "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "æ": "ae", "Æ": "AE", "ß": "ss", "ẞ": "SS", "đ": "d", "Đ": "D",
    "ð": "d", "Ð": "D", "þ": "th", "Þ": "th", "ł": "l", "Ł": "L",
]

extension Unicode.Scalar {
    /// Whether the general category starts with M, S or P.
    fileprivate var isMarkSymbolOrPunctuation: Bool {
        switch properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark,
            .mathSymbol, .currencySymbol, .modifierSymbol, .otherSymbol,
            .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
            .finalPunctuation, .otherPunctuation:
            true
        default: false
        }
    }
}
