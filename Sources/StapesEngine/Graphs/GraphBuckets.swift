/// The sizes that graphs are captured at.
package enum GraphBuckets {
    /// Rows of decode graphs: 1, 2, 4, then every fourth up to 32 and every eighth above; always the maximum itself.
    package static func decodeRows(maximum: Int) -> [Int] {
        let steps = [1, 2] + Array(stride(from: 4, through: 32, by: 4)) + Array(stride(from: 40, through: 4096, by: 8))
        return steps.filter { $0 < maximum } + [maximum]
    }

    /// Tokens and rows of prefill graphs: doubling from a bare start sequence.
    package static func prefill(maximumTokens: Int, maximumRows: Int) -> [StepSize] {
        let tokens = doubling(from: 4, to: maximumTokens)
        let rows = doubling(from: 1, to: maximumRows)
        return tokens.flatMap { tokens in
            rows.filter { $0 <= tokens }.map { rows in
                // The worst case: every row leaves its last group of eight unfilled.
                StepSize(tokens: tokens, rows: rows, groups: min(tokens, tokens / 8 + rows))
            }
        }
    }

    private static func doubling(from first: Int, to last: Int) -> [Int] {
        var values: [Int] = []
        var value = first
        while value < last {
            values.append(value)
            value *= 2
        }
        return values + [last]
    }
}
