import StapesDecoding
import StapesTesting
import Testing

struct MedianFilterTests {
    private func filtered(_ row: [Float]) -> [Float] {
        var row = row
        row.withUnsafeMutableBufferPointer { MedianFilter.filter($0) }
        return row
    }

    /// Sorts every window; what is no number comes last.
    private func naive(_ row: [Float]) -> [Float] {
        guard row.count > 3 else { return row }
        let last = row.count - 1
        return row.indices.map { center in
            (center - 3...center + 3).map { row[$0 < 0 ? -$0 : $0 > last ? 2 * last - $0 : $0] }
                .sorted { $0 < $1 || !$0.isNaN && $1.isNaN }[3]
        }
    }

    @Test(arguments: 0..<60)
    func everyLengthEqualsSortedWindows(count: Int) {
        var generator = SeededGenerator(seed: UInt64(count))
        for _ in 0..<20 {
            let values = [-2, -1, 0, 0.5, 1, Float.nan]
            // Few values make ties, and runs of what is no number.
            let tied = (0..<count).map { _ in values.randomElement(using: &generator) ?? 0 }
            let random = (0..<count).map { _ in generator.nextSignedUnit() }
            for row in [tied, random] {
                #expect(zip(filtered(row), naive(row)).allSatisfy { $0 == $1 || $0.isNaN && $1.isNaN })
            }
        }
    }

    @Test func aSinglePeakDisappearsAndAnEdgeStays() {
        #expect(filtered([0, 0, 0, 0, 9, 0, 0, 0, 0]) == [Float](repeating: 0, count: 9))
        let edge: [Float] = [0, 0, 0, 0, 5, 5, 5, 5]
        #expect(filtered(edge) == edge)
    }
}
