import StapesDecoding
import Testing

struct LogitMaskTests {
    /// Every sequence of three ranges inside eight ids.
    @Test func everySequenceOfRangesMasksTheirUnionInCanonicalForm() {
        let ranges = (0..<8).flatMap { low in (low...8).map { low..<$0 } }
        for first in ranges {
            for second in ranges {
                for third in ranges {
                    var mask = LogitMask()
                    mask.suppress(first)
                    mask.suppress(second)
                    mask.suppress(third)
                    let wanted = (0..<8).filter { first.contains($0) || second.contains($0) || third.contains($0) }
                    guard (0..<8).filter(mask.masks) == wanted, isCanonical(mask.suppressedRanges) else {
                        Issue.record("\(first) \(second) \(third) gave \(mask.suppressedRanges)")
                        return
                    }
                }
            }
        }
    }

    @Test func equalSetsOfIDsAreEqualMasksWhateverTheOrder() {
        var forward = LogitMask()
        for id in [1, 2, 3, 7] {
            forward.suppress(id)
        }
        var backward = LogitMask()
        backward.suppress(7)
        backward.suppress(1..<4)
        #expect(forward == backward)
        #expect(forward.hashValue == backward.hashValue)
        backward.timestampMassRule = true
        #expect(forward != backward)
    }

    @Test func unusedSlotsStayEmpty() {
        var mask = LogitMask()
        mask.suppress(0..<2)
        mask.suppress(4..<6)
        mask.suppress(2..<4)
        #expect(mask.suppressedRanges == [0..<6])
        #expect((1..<LogitMask.capacity).allSatisfy { mask.slots[$0].isEmpty })
    }

    @Test func aTailReachesPastEveryVocabulary() {
        var mask = LogitMask()
        mask.suppress(from: 50364)
        #expect(!mask.masks(50363))
        #expect(mask.masks(50364) && mask.masks(60000))
    }

    private func isCanonical(_ ranges: [Range<Int>]) -> Bool {
        ranges.allSatisfy { !$0.isEmpty }
            && zip(ranges, ranges.dropFirst()).allSatisfy { $0.upperBound < $1.lowerBound }
    }
}
