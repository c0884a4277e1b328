/// Errors against a reference. Counts of many files add up to the corpus-level rate, in which long files weigh more.
package struct ErrorCount: Sendable, Hashable, Codable {
    /// Substitutions, insertions and deletions.
    package var errors: Int
    /// Words of the reference; characters for the languages scored by characters.
    package var words: Int

    package init(errors: Int = 0, words: Int = 0) {
        self.errors = errors
        self.words = words
    }

    /// Errors per word; 0.05 is 5 %. Without reference words, 0 if nothing was said and infinite otherwise.
    package var rate: Double {
        words > 0 ? Double(errors) / Double(words) : errors == 0 ? 0 : .infinity
    }

    package static func + (left: ErrorCount, right: ErrorCount) -> ErrorCount {
        ErrorCount(errors: left.errors + right.errors, words: left.words + right.words)
    }

    package static func += (left: inout ErrorCount, right: ErrorCount) {
        left = left + right
    }
}

extension ErrorCount {
    /// The edit distance between two texts already cut into words or characters.
    ///
    /// - Complexity: O(n m) time, O(m) memory.
    init<Unit: Hashable>(reference: [Unit], hypothesis: [Unit]) {
        // Words are compared once, here; the quadratic part compares numbers.
        var numbers: [Unit: Int] = [:]
        func number(_ unit: Unit) -> Int {
            if let number = numbers[unit] { return number }
            numbers[unit] = numbers.count
            return numbers.count - 1
        }
        let expected = reference.map(number)
        let actual = hypothesis.map(number)

        var row = Array(0...actual.count)
        for (index, unit) in expected.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in actual.indices {
                let substitution = diagonal + (actual[column] == unit ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(substitution, diagonal + 1, row[column] + 1)
            }
        }
        self.init(errors: row[actual.count], words: expected.count)
    }
}
