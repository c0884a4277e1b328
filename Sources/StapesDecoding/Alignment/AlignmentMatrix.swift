#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Sizes of the scores that a device hands over: `[heads, tokens, positions]`.
package struct AlignmentShape: Sendable, Hashable {
    package var heads: Int
    package var tokens: Int
    /// Encoder positions of 20 ms.
    package var positions: Int

    package init(heads: Int, tokens: Int, positions: Int) {
        self.heads = heads
        self.tokens = tokens
        self.positions = positions
    }

    package var count: Int { heads * tokens * positions }
}

/// How well tokens and times fit: `[rows, columns]`, a row for a token, a column for an encoder position.
///
/// Follows `find_alignment` of the reference (decoding.md, section 7.2).
package struct AlignmentMatrix: Sendable, Hashable {
    package let rows: Int
    package let columns: Int
    package private(set) var values: [Float]

    /// - Parameter values: `[rows, columns]`.
    package init(rows: Int, columns: Int, values: [Float]) {
        precondition(values.count == rows * columns, "a matrix has as many values as rows times columns")
        self.rows = rows
        self.columns = columns
        self.values = values
    }

    /// From what the alignment heads' queries and keys yield, to what dynamic time warping runs on.
    ///
    /// Where all tokens look at a position alike the deviation is zero and the quotient is no number, as in the
    /// reference; the median then counts it as larger than any number.
    /// - Parameters:
    ///   - scores: `[heads, tokens, positions]`: scaled products of query and key, before softmax.
    ///   - positions: those of the window's content; later ones are not looked at.
    ///   - rows: the tokens wanted. All take part in the standardisation.
    /// - Complexity: O(heads * tokens * positions); about 20 ns an element on one core.
    package init(scores: UnsafeBufferPointer<Float>, shape: AlignmentShape, positions: Int, rows: Range<Int>) {
        precondition(scores.count == shape.count, "alignment scores have another shape than was said")
        precondition(positions > 0 && positions <= shape.positions, "a window's content lies inside the window")
        precondition(rows.lowerBound >= 0 && rows.upperBound <= shape.tokens, "there is a score for every row")
        self.init(
            rows: rows.count, columns: positions, values: [Float](repeating: 0, count: rows.count * positions))
        var weights = [Float](repeating: 0, count: shape.tokens * positions)
        weights.withUnsafeMutableBufferPointer { weights in
            values.withUnsafeMutableBufferPointer { sums in
                for head in 0..<shape.heads {
                    for token in 0..<shape.tokens {
                        let row = scores[((head * shape.tokens + token) * shape.positions)...].prefix(positions)
                        Self.softmax(.init(rebasing: row), into: .init(rebasing: weights[(token * positions)...]))
                    }
                    Self.standardise(weights, columns: positions)
                    for (index, token) in rows.enumerated() {
                        let row = token * positions..<(token + 1) * positions
                        let filtered = UnsafeMutableBufferPointer(rebasing: weights[row])
                        MedianFilter.filter(filtered)
                        for column in 0..<positions { sums[index * positions + column] += filtered[column] }
                    }
                }
                for index in sums.indices { sums[index] /= Float(shape.heads) }
            }
        }
    }

    private static func softmax(_ scores: UnsafeBufferPointer<Float>, into weights: UnsafeMutableBufferPointer<Float>) {
        var peak = -Float.infinity
        for score in scores { peak = score > peak ? score : peak }
        var sum = 0.0
        for index in scores.indices {
            weights[index] = expf(scores[index] - peak)
            sum += Double(weights[index])
        }
        let total = Float(sum)
        for index in scores.indices { weights[index] /= total }
    }

    /// Mean zero and deviation one in every column, over all tokens.
    private static func standardise(_ weights: UnsafeMutableBufferPointer<Float>, columns: Int) {
        let count = Double(weights.count / columns)
        withUnsafeTemporaryAllocation(of: Double.self, capacity: 2 * columns) { moments in
            moments.initialize(repeating: 0)
            let means = UnsafeMutableBufferPointer(rebasing: moments[..<columns])
            let squares = UnsafeMutableBufferPointer(rebasing: moments[columns...])
            for start in stride(from: 0, to: weights.count, by: columns) {
                for column in 0..<columns { means[column] += Double(weights[start + column]) }
            }
            for column in 0..<columns { means[column] /= count }
            for start in stride(from: 0, to: weights.count, by: columns) {
                for column in 0..<columns {
                    let difference = Double(weights[start + column]) - means[column]
                    squares[column] += difference * difference
                }
            }
            for column in 0..<columns { squares[column] = (squares[column] / count).squareRoot() }
            for start in stride(from: 0, to: weights.count, by: columns) {
                for column in 0..<columns {
                    let difference = weights[start + column] - Float(means[column])
                    weights[start + column] = difference / Float(squares[column])
                }
            }
        }
    }
}
