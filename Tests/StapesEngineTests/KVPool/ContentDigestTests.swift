import StapesEngine
import StapesTesting
import Testing

@Suite struct ContentDigestTests {
    private func digest(_ bytes: [UInt8], _ first: UInt64 = 1, _ second: UInt64 = 2) -> ContentDigest {
        var digest = ContentDigest(first, second)
        bytes.withUnsafeBytes { digest.absorb($0) }
        return digest
    }

    private func bytes(_ count: Int, seed: UInt64) -> [UInt8] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }

    @Test func whollyFilledPiecesGiveTheDigestOfTheWhole() {
        let all = bytes(160, seed: 65)
        let whole = digest(all)
        for cut in stride(from: 0, through: 160, by: 16) {
            var pieces = digest(Array(all[..<cut]))
            all[cut...].withUnsafeBytes { pieces.absorb($0) }
            #expect(pieces == whole && pieces.words == whole.words, "cut at \(cut)")
        }
    }

    @Test func lastPieceIsFilledWithZeros() {
        for count in 1...16 {
            let some = bytes(count, seed: UInt64(count))
            #expect(digest(some) == digest(some + [UInt8](repeating: 0, count: 16 - count)))
        }
    }

    @Test func nothingAbsorbedChangesNothing() {
        #expect(digest([]).words == ContentDigest(1, 2).words)
    }

    @Test func beginningIsInTheDigest() {
        var seen: Set<[UInt64]> = []
        for first in 0..<100 as Range<UInt64> {
            for second in 0..<100 as Range<UInt64> {
                let words = ContentDigest(first, second).words
                seen.insert([words.high, words.low])
            }
        }
        #expect(seen.count == 10_000)
    }

    /// Numbers that differ little: each half alone tells them apart.
    @Test func eachHalfTellsNeighboursApart() {
        var (high, low): (Set<UInt64>, Set<UInt64>) = ([], [])
        for number in 0..<100_000 as Range<UInt32> {
            let words = digest(withUnsafeBytes(of: number) { Array($0) }).words
            high.insert(words.high)
            low.insert(words.low)
        }
        #expect(high.count == 100_000 && low.count == 100_000)
    }

    @Test func everyBitChangesAboutHalfOfTheDigest() {
        let content = bytes(48, seed: 66)
        let before = digest(content).words
        var counts: [Int] = []
        for bit in 0..<content.count * 8 {
            var changed = content
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            let after = digest(changed).words
            counts.append((after.high ^ before.high).nonzeroBitCount + (after.low ^ before.low).nonzeroBitCount)
        }
        let mean = Double(counts.reduce(0, +)) / Double(counts.count)
        #expect(abs(mean - 64) < 3, "\(mean) of 128 bits on average")
        #expect((counts.min() ?? 0) > 30, "\(counts.min() ?? 0) of 128 bits at least")
    }
}
