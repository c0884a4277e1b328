import StapesEngine
import StapesTesting
import Testing

/// Beams against a model in which every hypothesis owns a list of what it wrote.
@Suite struct BeamPagesTests {
    @Test func everyHypothesisReadsWhatItsAncestorsWrote() {
        for seed in UInt64(1)...300 {
            var generator = SeededGenerator(seed: seed)
            let width = Int.random(in: 2...8, using: &generator)
            let prompt = Int.random(in: 1...50, using: &generator)
            let steps = Int.random(in: 1...60, using: &generator)
            let count = BeamPages.count(prompt: prompt, positions: prompt + steps, width: width)
            var beams = BeamPages(pages: Array(1...Int32(count)), length: prompt)
            // What stands at each slot, by page; and what each hypothesis should read.
            var memory = [[Int]](repeating: [Int](repeating: -1, count: 16), count: count + 1)
            for position in 0..<prompt { memory[Int(beams.tables[0][position / 16])][position % 16] = position }
            var histories = [Array(0..<prompt)]
            for step in 0..<steps {
                let length = prompt + step
                let parents = (0..<width).map { _ in Int.random(in: 0..<histories.count, using: &generator) }
                let copies = beams.advance(parents: parents, length: length)
                #expect(copies.count < width)
                #expect(Set(copies.map(\.from)).isDisjoint(with: copies.map(\.to)), "seed \(seed)")
                for copy in copies { memory[Int(copy.to)] = memory[Int(copy.from)] }
                histories = parents.map { histories[$0] }
                for index in histories.indices {
                    let value = 1000 + step * 100 + index
                    memory[Int(beams.tables[index][length / 16])][length % 16] = value
                    histories[index].append(value)
                }
                for (table, history) in zip(beams.tables, histories) {
                    let read = history.indices.map { memory[Int(table[$0 / 16])][$0 % 16] }
                    #expect(read == history, "seed \(seed), step \(step)")
                }
            }
        }
    }

    @Test func promptsFullPagesAreCountedOnce() {
        #expect(BeamPages.count(prompt: 40, positions: 100, width: 1) == 7)
        // Two full pages of the prompt, five more of each hypothesis.
        #expect(BeamPages.count(prompt: 40, positions: 100, width: 5) == 2 + 5 * 5)
        #expect(BeamPages.count(prompt: 32, positions: 32, width: 5) == 2)
    }
}
