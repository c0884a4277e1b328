/// The path through a matrix from its first corner to its last that collects the most, or nearly so.
///
/// Follows `dtw_cpu` and `backtrace` of the reference (decoding.md, section 7.3): costs are the negated values, sums
/// are kept in double.
package enum DynamicTimeWarping {
    package struct Step: Sendable, Hashable {
        package var row: Int
        package var column: Int

        package init(row: Int, column: Int) {
            self.row = row
            self.column = column
        }
    }

    private enum Move: UInt8 {
        case diagonal, up, left
    }

    /// One step to the next row, the next column, or both at a time; every row and every column is visited.
    ///
    /// Both at once is chosen only if it is strictly cheaper than the other two, a row alone only if it is strictly
    /// cheaper than the other two, and else a column: as in the reference also where those two tie and it is dearer.
    /// - Complexity: O(rows * columns).
    package static func path(through matrix: AlignmentMatrix) -> [Step] {
        let (rows, columns) = (matrix.rows, matrix.columns)
        guard rows > 0, columns > 0 else { return [] }
        var moves = [Move](repeating: .left, count: rows * columns)
        // Costs of the row before and of this one, with a border before the first column.
        var above = [Double](repeating: .infinity, count: columns + 1)
        var here = above
        above[0] = 0
        for row in 0..<rows {
            here[0] = .infinity
            for column in 0..<columns {
                let (diagonal, up, left) = (above[column], above[column + 1], here[column])
                let best: Double
                if diagonal < up, diagonal < left {
                    best = diagonal
                    moves[row * columns + column] = .diagonal
                } else if up < diagonal, up < left {
                    best = up
                    moves[row * columns + column] = .up
                } else {
                    best = left
                }
                here[column + 1] = best - Double(matrix.values[row * columns + column])
            }
            swap(&above, &here)
        }
        return backtrace(moves, rows: rows, columns: columns)
    }

    /// Where sums are no numbers the way back can leave the matrix before its first row is reached; it then goes up
    /// along the first column. (The reference goes up beside it, and has words begin before the window.)
    private static func backtrace(_ moves: [Move], rows: Int, columns: Int) -> [Step] {
        var steps: [Step] = []
        var (row, column) = (rows - 1, columns - 1)
        while row >= 0 {
            steps.append(Step(row: row, column: max(0, column)))
            switch column < 0 ? .up : moves[row * columns + column] {
            case .diagonal: (row, column) = (row - 1, column - 1)
            case .up: row -= 1
            case .left: column -= 1
            }
        }
        return steps.reversed()
    }
}
