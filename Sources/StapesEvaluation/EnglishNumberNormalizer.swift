/// Writes spoken numbers as digits: `two dollars and seventy cents` becomes `$2.70`.
enum EnglishNumberNormalizer {
    static func normalize(_ text: Scalars) -> Scalars {
        let words = text.replacingHalves().spacingDigitsFromLetters().joiningOrdinalSuffixes().words()
        let numbers = NumberReader.read(words).joined(separator: " ")
        return Scalars(numbers).combiningCents().replacingZeroUnits().spellingOnes()
    }
}

extension Array where Element == Unicode.Scalar {
    /// `and a half` after a number word becomes `point five`.
    fileprivate func replacingHalves() -> Scalars {
        let segments = splittingAtHalves()
        var results: [Scalars] = []
        for (index, segment) in segments.enumerated() {
            // A blank segment goes, with the phrase after it; the reference does so.
            guard let lastWord = segment.words().last else { continue }
            results.append(segment)
            guard index < segments.count - 1 else { break }
            let meaning = NumberWord(lastWord)
            let isNumber = meaning?.isDecimal == true || meaning?.isMultiplier == true
            results.append(Scalars(isNumber ? "point five" : "and a half"))
        }
        return Scalars(results.joined(separator: [" "]))
    }

    private func splittingAtHalves() -> [Scalars] {
        var segments: [Scalars] = []
        var start = 0
        var index = 0
        while index < count {
            if let end = halfEnd(from: index) {
                segments.append(Scalars(self[start..<index]))
                start = end
                index = end
            } else {
                index += 1
            }
        }
        segments.append(Scalars(self[start...]))
        return segments
    }

    /// The end of the phrase `and a half` if it starts here.
    private func halfEnd(from start: Int) -> Int? {
        guard self[start] == "a", isWordBoundary(at: start) else { return nil }
        var index = start
        for (position, word) in (["and", "a", "half"] as [String]).enumerated() {
            if position > 0 {
                let end = spaceEnd(from: index)
                guard end > index else { return nil }
                index = end
            }
            guard matches(Scalars(word), at: index) else { return nil }
            index += word.count
        }
        return isWordBoundary(at: index) ? index : nil
    }

    /// `b747` becomes `b 747`, `10km` becomes `10 km`.
    fileprivate func spacingDigitsFromLetters() -> Scalars {
        var result = Scalars()
        result.reserveCapacity(count + 8)
        for scalar in self {
            if let last = result.last,
                last.isASCIILowercase && scalar.isASCIIDigit || last.isASCIIDigit && scalar.isASCIILowercase
            {
                result.append(" ")
            }
            result.append(scalar)
        }
        return result
    }

    /// `10 th` becomes `10th`, `1960 s` becomes `1960s`.
    fileprivate func joiningOrdinalSuffixes() -> Scalars {
        let suffixes = ["st", "nd", "rd", "th", "s"].map { Scalars($0) }
        var result = Scalars()
        result.reserveCapacity(count)
        var index = 0
        while index < count {
            result.append(self[index])
            index += 1
            guard self[index - 1].isASCIIDigit, case let end = spaceEnd(from: index), end > index else { continue }
            if suffixes.contains(where: { matches($0, at: end) && isWordBoundary(at: end + $0.count) }) { index = end }
        }
        return result
    }

    /// `$2 and ¢7` becomes `$2.07`.
    fileprivate func combiningCents() -> Scalars {
        var result = Scalars()
        result.reserveCapacity(count)
        var index = 0
        while index < count {
            if let (integer, cents) = dollarsAndCents(from: index) {
                result.append(contentsOf: self[index..<integer])
                result.append(".")
                if cents.count == 1 { result.append("0") }
                result.append(contentsOf: self[cents])
                index = cents.upperBound
            } else {
                result.append(self[index])
                index += 1
            }
        }
        return result
    }

    /// The end of the amount that starts here and the range of the cents that follow it.
    private func dollarsAndCents(from start: Int) -> (integerEnd: Int, cents: Range<Int>)? {
        guard isUnit(at: start) else { return nil }
        var end = start + 1
        while end < count, self[end].isASCIIDigit { end += 1 }
        guard end > start + 1, end < count, self[end] == " " else { return nil }
        let and = Scalars("and ")
        let sign = end + 1 + (matches(and, at: end + 1) ? and.count : 0)
        guard sign < count, self[sign] == "¢", let cents = twoDigits(from: sign + 1) else { return nil }
        return (end, cents)
    }

    /// `$0.36` becomes `¢36`. Any character passes for the point, as in the reference.
    fileprivate func replacingZeroUnits() -> Scalars {
        var result = Scalars()
        result.reserveCapacity(count)
        var index = 0
        while index < count {
            if isUnit(at: index), index + 1 < count, self[index + 1] == "0", let cents = twoDigits(from: index + 3) {
                result.append("¢")
                // As a number: a leading zero goes.
                let isShort = cents.count == 1 || self[cents.lowerBound] != "0"
                result.append(contentsOf: isShort ? self[cents] : self[cents].dropFirst())
                index = cents.upperBound
            } else {
                result.append(self[index])
                index += 1
            }
        }
        return result
    }

    private func isUnit(at index: Int) -> Bool {
        self[index] == "€" || self[index] == "£" || self[index] == "$"
    }

    /// The one or two digits that start here, if a word ends after them.
    private func twoDigits(from start: Int) -> Range<Int>? {
        var end = start
        while end < count, end < start + 2, self[end].isASCIIDigit { end += 1 }
        return end > start && isWordBoundary(at: end) ? start..<end : nil
    }

    /// A lone `1` becomes `one`, `1s` becomes `ones`.
    fileprivate func spellingOnes() -> Scalars {
        var result = Scalars()
        result.reserveCapacity(count)
        for (index, scalar) in enumerated() {
            let end = index + (index + 1 < count && self[index + 1] == "s" ? 2 : 1)
            if scalar == "1", isWordBoundary(at: index), isWordBoundary(at: end) {
                result.append(contentsOf: "one".unicodeScalars)
            } else {
                result.append(scalar)
            }
        }
        return result
    }
}
