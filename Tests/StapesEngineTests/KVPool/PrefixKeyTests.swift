import StapesEngine
import StapesTesting
import Testing

@Suite struct PrefixKeyTests {
    private static let prompt: [Int] = {
        var generator = SeededGenerator(seed: 63)
        return (0..<224).map { _ in Int.random(in: 0..<51865, using: &generator) }
    }()

    private func keys(_ prompt: [Int] = prompt, shareable: Int = 224, window: Int = 1) -> [PrefixKey] {
        PrefixKey.pages(of: prompt, shareable: shareable, window: .test(window))
    }

    @Test func onlyFullPagesHaveAKey() {
        for shareable in 0...224 { #expect(keys(shareable: shareable).count == shareable / 16) }
    }

    @Test func longerPromptBeginsWithTheKeysOfTheShorter() {
        let all = keys()
        for shareable in 0...224 { #expect(keys(shareable: shareable) == Array(all[..<(shareable / 16)])) }
        // Tokens after the part that can be shared are of no matter.
        for tail in [[], [1], [2, 3]] { #expect(keys(Self.prompt + tail) == all) }
    }

    @Test func otherWindowHasOtherKeys() {
        let windows = (0..<50).map { WindowKey.test($0) } + (1..<50).map { WindowKey.test(0, positions: $0) }
        let all = windows.flatMap { PrefixKey.pages(of: Self.prompt, shareable: 224, window: $0) }
        #expect(Set(all).count == windows.count * 14)
    }

    @Test func tokenChangesTheKeysFromItsPageOn() {
        let before = keys()
        var all = Set(before)
        for place in 0..<224 {
            for token in [0, Self.prompt[place] ^ 1, Self.prompt[place] ^ (1 << 15)] {
                var changed = Self.prompt
                changed[place] = token
                let after = keys(changed)
                #expect(after[..<(place / 16)] == before[..<(place / 16)])
                all.formUnion(after[(place / 16)...])
            }
        }
        #expect(all.count == 14 + (0..<224).reduce(0) { $0 + 3 * (14 - $1 / 16) }, "two keys are the same")
    }

    @Test func sameTokensFurtherBackHaveAnotherKey() {
        #expect(Set(keys([Int](repeating: 7, count: 224))).count == 14)
        #expect(Set(keys([Int](repeating: 0, count: 224))).count == 14)
    }

    @Test func orderOfTokensIsInTheKey() {
        var all = Set(keys(shareable: 16))
        for left in 0..<16 {
            for right in left + 1..<16 {
                var swapped = Self.prompt
                swapped.swapAt(left, right)
                all.formUnion(keys(swapped, shareable: 16))
            }
        }
        #expect(all.count == 1 + 16 * 15 / 2)
    }
}
