import StapesEngine
import StapesTesting
import Testing

@Suite struct WindowKeyTests {
    @Test func sameContentGivesTheSameKey() {
        var generator = SeededGenerator(seed: 61)
        let features = (0..<777).map { _ in generator.nextSignedUnit() }
        #expect(
            WindowKey(features: features, positions: 5) == WindowKey(features: Array(features), positions: 5))
    }

    @Test func positionsAreInTheKey() {
        let features = [Float](repeating: 0.5, count: 64)
        #expect(Set((1...1500).map { WindowKey(features: features, positions: $0) }).count == 1500)
    }

    @Test func lengthIsInTheKey() {
        // Zeros, which a hash that multiplies could lose.
        let keys = (0...400).map { WindowKey(features: [Float](repeating: 0, count: $0), positions: 1) }
        #expect(Set(keys).count == keys.count)
    }

    @Test func everyBitIsInTheKey() {
        for start in [Float(0), -1, 1, 0.25] {
            let features = [Float](repeating: start, count: 37)
            var keys: Set<WindowKey> = [WindowKey(features: features, positions: 3)]
            for index in features.indices {
                for bit in 0..<32 {
                    var changed = features
                    changed[index] = Float(bitPattern: start.bitPattern ^ (1 << UInt32(bit)))
                    keys.insert(WindowKey(features: changed, positions: 3))
                }
            }
            #expect(keys.count == 1 + 37 * 32)
        }
    }

    @Test func orderIsInTheKey() {
        var generator = SeededGenerator(seed: 62)
        let features = (0..<64).map { _ in generator.nextSignedUnit() }
        var keys: Set<WindowKey> = [WindowKey(features: features, positions: 1)]
        for left in 0..<64 {
            for right in left + 1..<64 {
                var swapped = features
                swapped.swapAt(left, right)
                keys.insert(WindowKey(features: swapped, positions: 1))
            }
        }
        #expect(keys.count == 1 + 64 * 63 / 2)
    }
}
