enum EditDistance {
    /// Fewest insertions, deletions and replacements that turn one text into the other.
    ///
    /// - Complexity: product of the two lengths; meant for names.
    static func between(_ first: String, _ second: String) -> Int {
        let columns = Array(second)
        var previous = Array(0...columns.count)
        for (row, character) in first.enumerated() {
            var current = [row + 1]
            current.reserveCapacity(columns.count + 1)
            for (column, other) in columns.enumerated() {
                let replaced = previous[column] + (character == other ? 0 : 1)
                current.append(min(replaced, previous[column + 1] + 1, current[column] + 1))
            }
            previous = current
        }
        return previous[columns.count]
    }
}
