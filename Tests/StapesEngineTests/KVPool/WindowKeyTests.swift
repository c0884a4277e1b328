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
        // Much is taken in otherwise than little.
        for (start, count) in [(Float(0), 37), (-1, 37), (1, 37), (0.25, 37), (0, 259), (-1, 261)] {
            let features = [Float](repeating: start, count: count)
            var keys: Set<WindowKey> = [WindowKey(features: features, positions: 3)]
            for index in features.indices {
                for bit in 0..<32 {
                    var changed = features
                    changed[index] = Float(bitPattern: start.bitPattern ^ (1 << UInt32(bit)))
                    keys.insert(WindowKey(features: changed, positions: 3))
                }
            }
            #expect(keys.count == 1 + count * 32)
        }
    }

    @Test(arguments: [64, 260]) func orderIsInTheKey(count: Int) {
        var generator = SeededGenerator(seed: 62)
        let features = (0..<count).map { _ in generator.nextSignedUnit() }
        var keys: Set<WindowKey> = [WindowKey(features: features, positions: 1)]
        for left in 0..<count {
            for right in left + 1..<count {
                var swapped = features
                swapped.swapAt(left, right)
                keys.insert(WindowKey(features: swapped, positions: 1))
            }
        }
        #expect(keys.count == 1 + count * (count - 1) / 2)
    }

    @Test func allOfAWindowOfSamplesIsInTheKey() {
        var generator = SeededGenerator(seed: 63)
        let samples = (0..<1000).map { _ in generator.nextSignedUnit() }
        func key(
            _ samples: [Float], lead: Int = 0, content: Int = 5, loudest: Float = 1, positions: Int = 9
        ) -> WindowKey {
            let window = WindowSamples(samples: samples[...], lead: lead, content: content, loudest: loudest)
            return WindowKey(.samples(window), positions: positions)
        }
        var changed = samples
        changed[999] = 0
        let keys = [
            key(samples), key(changed), key(Array(samples.dropLast())), key(samples, lead: 5), key(samples, content: 6),
            key(samples, loudest: 1.0000001), key(samples, positions: 8), WindowKey(.logMel(samples), positions: 9),
        ]
        #expect(Set(keys).count == keys.count)
        // A slice of a file and its copy are the same window.
        let file = [0.5] + samples + [0.5]
        let slice = WindowSamples(samples: file[1...1000], lead: 0, content: 5, loudest: 1)
        #expect(WindowKey(.samples(slice), positions: 9) == keys[0])
    }
}
