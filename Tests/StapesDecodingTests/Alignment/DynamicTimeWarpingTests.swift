import StapesDecoding
import StapesTesting
import Testing

struct DynamicTimeWarpingTests {
    typealias Step = DynamicTimeWarping.Step

    /// Costs one everywhere but on a path that never turns a corner it could cut: that is the only best one.
    @Test(arguments: [(1, 1), (1, 9), (9, 1), (10, 20), (32, 16), (123, 1500), (234, 189)])
    func thePathThatWasBuiltIsFound(rows: Int, columns: Int) {
        var generator = SeededGenerator(seed: UInt64(rows * 1000 + columns))
        let isWide = columns >= rows
        let (short, long) = (min(rows, columns), max(rows, columns))
        // Which of the steps along the longer side go along the shorter one too.
        let diagonal = Set((1..<max(long, 2)).shuffled(using: &generator).prefix(short - 1))
        var path = [Step(row: 0, column: 0)]
        for step in 1..<max(long, 1) {
            let along = diagonal.contains(step) ? 1 : 0
            let last = path[step - 1]
            path.append(
                isWide
                    ? Step(row: last.row + along, column: last.column + 1)
                    : Step(row: last.row + 1, column: last.column + along))
        }
        var values = [Float](repeating: -1, count: rows * columns)
        for step in path { values[step.row * columns + step.column] = 1 }
        let matrix = AlignmentMatrix(rows: rows, columns: columns, values: values)
        #expect(DynamicTimeWarping.path(through: matrix) == path)
    }

    @Test func equalCostsGoAlongTime() {
        let flat = AlignmentMatrix(rows: 2, columns: 3, values: [Float](repeating: 0, count: 6))
        #expect(
            DynamicTimeWarping.path(through: flat)
                == [Step(row: 0, column: 0), Step(row: 1, column: 0), Step(row: 1, column: 1), Step(row: 1, column: 2)])
    }

    /// Small whole numbers, so that ties are many and sums exact.
    @Test(arguments: 0..<300 as Range<UInt64>)
    func randomMatricesEqualTheDefinition(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let (rows, columns) = (Int.random(in: 1...9, using: &generator), Int.random(in: 1...12, using: &generator))
        let values = (0..<rows * columns).map { _ in Float(Int.random(in: -2...2, using: &generator)) }
        let matrix = AlignmentMatrix(rows: rows, columns: columns, values: values)
        #expect(DynamicTimeWarping.path(through: matrix) == naivePath(matrix))
    }

    /// The rule as it is defined, cell by cell, without a table.
    private func naivePath(_ matrix: AlignmentMatrix) -> [Step] {
        var known: [Step: (path: [Step], cost: Double)] = [:]
        func best(_ row: Int, _ column: Int) -> (path: [Step], cost: Double) {
            if row < 0 || column < 0 { return ([], row == -1 && column == -1 ? 0 : .infinity) }
            let step = Step(row: row, column: column)
            if let known = known[step] { return known }
            let (both, up, left) = (best(row - 1, column - 1), best(row - 1, column), best(row, column - 1))
            let isBoth = both.cost < up.cost && both.cost < left.cost
            let isUp = up.cost < both.cost && up.cost < left.cost
            let chosen = isBoth ? both : isUp ? up : left
            let result = (chosen.path + [step], chosen.cost - Double(matrix.values[row * matrix.columns + column]))
            known[step] = result
            return result
        }
        return best(matrix.rows - 1, matrix.columns - 1).path
    }

    /// Both at once and up alone cost the same, and less than left; left is taken all the same.
    @Test func aTieOfTheOtherTwoGoesAlongTimeThoughItCostsMore() {
        let matrix = AlignmentMatrix(rows: 2, columns: 2, values: [0, 0, -5, 0])
        #expect(
            DynamicTimeWarping.path(through: matrix)
                == [Step(row: 0, column: 0), Step(row: 1, column: 0), Step(row: 1, column: 1)])
    }

    @Test func whereNothingIsANumberEveryRowIsVisitedStill() {
        let matrix = AlignmentMatrix(rows: 3, columns: 4, values: [Float](repeating: .nan, count: 12))
        #expect(WindowAlignment(matrix, probabilities: [0, 0]).edges == [0, 0, 0])
    }
}
