import StapesDecoding
import StapesTesting
import Testing

struct AlignmentMatrixTests {
    private static let shape = AlignmentShape(heads: 3, tokens: 7, positions: 45)

    private func matrix(_ scores: [Float], positions: Int, rows: Range<Int> = 2..<6) -> AlignmentMatrix {
        scores.withUnsafeBufferPointer {
            AlignmentMatrix(scores: $0, shape: Self.shape, positions: positions, rows: rows)
        }
    }

    private func randomScores(_ seed: UInt64) -> [Float] {
        var generator = SeededGenerator(seed: seed)
        return (0..<Self.shape.count).map { _ in 6 * generator.nextSignedUnit() }
    }

    @Test func positionsBehindTheContentMakeNoDifference() {
        let scores = randomScores(1)
        var other = scores
        for index in other.indices where index % Self.shape.positions >= 20 { other[index] += 3 }
        #expect(matrix(scores, positions: 20) == matrix(other, positions: 20))
        #expect(matrix(scores, positions: 21) != matrix(other, positions: 21))
    }

    @Test func allTokensTakePartWhicheverRowsAreWanted() {
        let scores = randomScores(2)
        let all = matrix(scores, positions: 30, rows: 0..<7)
        #expect(matrix(scores, positions: 30).values == Array(all.values[60..<180]))
    }

    /// Three positions are not filtered: every head's column has mean zero and deviation one, and so has the mean of
    /// equal heads.
    @Test func columnsAreStandardisedOverTheTokens() {
        let head = Array(randomScores(3)[..<(7 * 45)])
        let all = matrix(head + head + head, positions: 3, rows: 0..<7)
        for column in 0..<3 {
            let values = (0..<7).map { Double(all.values[$0 * 3 + column]) }
            #expect(abs(values.reduce(0, +)) < 1e-5)
            #expect(abs(values.reduce(0) { $0 + $1 * $1 } / 7 - 1) < 1e-5)
        }
    }

    @Test func tokensThatAllLookAlikeGiveNoNumber() {
        let scores = [Float](repeating: 0.5, count: Self.shape.count)
        #expect(matrix(scores, positions: 40).values.allSatisfy { $0.isNaN })
    }
}
