/// Whisper's normalizer for English: contractions written out, titles too, numbers as digits, American spelling.
///
/// The steps and their order are those of the reference's `EnglishTextNormalizer`; where a step seems odd (a comma between
/// digits is overlooked if its left digit already took part in a match), the reference has it so, and scores compare only
/// if all have it so.
package struct EnglishTextNormalizer: Sendable {
    private let spellings: Spellings?

    package init(spellings: Spellings? = nil) {
        self.spellings = spellings
    }

    package func normalize(_ text: String) -> String {
        var scalars = Scalars(text).lowercased().removingAnnotations().removingFillers().closingApostrophes()
        for contraction in EnglishContraction.all { scalars = contraction.expand(in: scalars) }
        scalars = scalars.removingDigitCommas().removingFullStops()
        scalars = scalars.removingSymbolsAndDiacritics(keeping: [".", "%", "$", "¢", "€", "£"])
        var words = EnglishNumberNormalizer.normalize(scalars).words()
        if let spellings { words = words.map(spellings.american) }
        return String(Scalars(words.joined(separator: " ")).removingLooseSigns().collapsingSpaces())
    }
}

extension Array where Element == Unicode.Scalar {
    /// Removes hesitations, where they are whole words.
    fileprivate func removingFillers() -> Scalars {
        let fillers: Set<String> = ["hmm", "mm", "mhm", "mmm", "uh", "um"]
        var result = Scalars()
        result.reserveCapacity(count)
        var index = 0
        while index < count {
            let start = index
            while index < count, self[index].isWord { index += 1 }
            if index == start {
                result.append(self[index])
                index += 1
            } else if index - start > 3 || !fillers.contains(String(self[start..<index])) {
                result.append(contentsOf: self[start..<index])
            }
        }
        return result
    }

    /// Removes white space before an apostrophe: `they 're`.
    fileprivate func closingApostrophes() -> Scalars {
        var result = Scalars()
        result.reserveCapacity(count)
        var index = 0
        while index < count {
            let end = spaceEnd(from: index)
            if end == count || self[end] != "'" { result.append(contentsOf: self[index..<end]) }
            if end < count { result.append(self[end]) }
            index = end + 1
        }
        return result
    }

    /// Removes commas between digits.
    fileprivate func removingDigitCommas() -> Scalars {
        replacingPairs { index in
            guard index + 2 < count, self[index + 1] == ",", self[index].isDigit, self[index + 2].isDigit else {
                return nil
            }
            return ([self[index], self[index + 2]], 3)
        }
    }

    /// Full stops not followed by a digit become spaces.
    fileprivate func removingFullStops() -> Scalars {
        replacingPairs { index in
            guard self[index] == "." else { return nil }
            guard index + 1 < count else { return ([" "], 1) }
            return self[index + 1].isASCIIDigit ? nil : ([" ", self[index + 1]], 2)
        }
    }

    /// Signs of currency that no digit follows and percent signs that no digit precedes become spaces.
    fileprivate func removingLooseSigns() -> Scalars {
        let signs: Scalars = [".", "$", "¢", "€", "£"]
        let unsigned = replacingPairs { index in
            guard index + 1 < count, signs.contains(self[index]), !self[index + 1].isASCIIDigit else { return nil }
            return ([" ", self[index + 1]], 2)
        }
        return unsigned.replacingPairs { index in
            guard index + 1 < unsigned.count, unsigned[index + 1] == "%", !unsigned[index].isASCIIDigit else {
                return nil
            }
            return ([unsigned[index], " "], 2)
        }
    }

    /// Goes through the text once and replaces what `match` finds; what a match took cannot start another.
    ///
    /// - Parameter match: gives for an index the replacement and the count of scalars it stands for.
    private func replacingPairs(_ match: (Int) -> (Scalars, Int)?) -> Scalars {
        var result = Scalars()
        result.reserveCapacity(count)
        var index = 0
        while index < count {
            if let (replacement, matched) = match(index) {
                result.append(contentsOf: replacement)
                index += matched
            } else {
                result.append(self[index])
                index += 1
            }
        }
        return result
    }
}
