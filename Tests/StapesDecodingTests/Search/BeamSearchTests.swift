import StapesDecoding
import StapesTesting
import Testing

/// The search against the reference's steps written down as they stand, over made-up language models.
@Suite struct BeamSearchTests {
    private static let endOfText = 9

    /// A model of ten ids: what comes next depends on all that came before.
    private struct Model {
        let seed: UInt64
        /// Makes the end likelier or less likely.
        let endBias: Float

        func logProbabilities(after tokens: [Int]) -> [Float] {
            var state = tokens.reduce(seed) { ($0 ^ UInt64($1 + 1)) &* 0x9e37_79b9_7f4a_7c15 }
            return (0..<10).map { id in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return -Float(state >> 40) / Float(1 << 22) + (id == BeamSearchTests.endOfText ? endBias : 0)
            }
        }

        func candidates(after tokens: [Int], count: Int) -> [BeamSearch.Candidate] {
            let values = logProbabilities(after: tokens)
            return values.indices.sorted { (values[$0], $1) > (values[$1], $0) }.prefix(count)
                .map { BeamSearch.Candidate(token: $0, logProbability: values[$0]) }
        }
    }

    /// `BeamSearchDecoder` of the reference for one audio, with its dictionaries as lists of pairs in order.
    private func reference(
        _ model: Model, width: Int, patience: Double, steps: Int
    ) -> [(tokens: [Int], sum: Float)] {
        let most = Int((Double(width) * patience).rounded(.toNearestOrEven))
        var rows = [[Int]](repeating: [], count: width)
        var sums = [Float](repeating: 0, count: width)
        var finished: [(tokens: [Int], sum: Float)] = []
        for _ in 0..<steps {
            var scores: [(sequence: [Int], score: Float)] = []
            for (row, sum) in zip(rows, sums) {
                for candidate in model.candidates(after: row, count: width + 1) {
                    let sequence = row + [candidate.token]
                    let score = sum + candidate.logProbability
                    if let known = scores.firstIndex(where: { $0.sequence == sequence }) {
                        scores[known].score = score
                    } else {
                        scores.append((sequence, score))
                    }
                }
            }
            let order = scores.indices.sorted { (scores[$0].score, $1) > (scores[$1].score, $0) }
            (rows, sums) = ([], [])
            var newlyFinished: [(tokens: [Int], sum: Float)] = []
            for index in order {
                let (sequence, score) = scores[index]
                if sequence.last == Self.endOfText {
                    newlyFinished.append((sequence, score))
                } else {
                    rows.append(sequence)
                    sums.append(score)
                    if rows.count == width { break }
                }
            }
            for one in newlyFinished where finished.count < most { finished.append(one) }
            if finished.count >= most { break }
        }
        if finished.count < width {
            for index in sums.indices.sorted(by: { sums[$0] > sums[$1] }) {
                finished.append((rows[index] + [Self.endOfText], sums[index]))
                if finished.count >= width { break }
            }
        }
        return finished.map { ($0.tokens.filter { $0 != Self.endOfText }, $0.sum) }
    }

    @Test(arguments: [(5, 1.0), (5, 2.0), (3, 0.7), (2, 1.0), (1, 1.0), (8, 1.5)])
    func agreesWithTheReferencesSteps(width: Int, patience: Double) {
        for seed in UInt64(1)...200 {
            let model = Model(seed: seed &* 7919, endBias: Float(seed % 5) * 0.6 - 0.6)
            let steps = 1 + Int(seed % 13)
            var search = BeamSearch(width: width, patience: patience, endOfText: Self.endOfText)
            for _ in 0..<steps where !search.isComplete {
                let parents = search.beams
                let from = search.advance(
                    parents.map { model.candidates(after: $0.tokens, count: search.candidateCount) })
                #expect(from.count == search.beams.count)
                for (child, parent) in zip(search.beams, from) {
                    #expect(Array(child.tokens.dropLast()) == parents[parent].tokens, "seed \(seed)")
                }
            }
            let expected = reference(model, width: width, patience: patience, steps: steps)
            for penalty in [nil, 0, 0.6, 1.0] {
                func score(_ one: (tokens: [Int], sum: Float)) -> Double {
                    HypothesisScore.of(
                        sumLogProbability: Double(one.sum), length: one.tokens.count, lengthPenalty: penalty)
                }
                let best = expected.first { one in expected.allSatisfy { score($0) <= score(one) } }
                let found = search.best(lengthPenalty: penalty)
                #expect(found?.tokens == best?.tokens, "seed \(seed), penalty \(String(describing: penalty))")
                #expect(found?.sumLogProbability == best?.sum, "seed \(seed)")
            }
        }
    }

    /// A greedy first step that leads nowhere good is found out by a second hypothesis.
    @Test func findsThePathThatGreedyMisses() {
        func candidates(after tokens: [Int]) -> [BeamSearch.Candidate] {
            func candidate(_ token: Int, _ value: Float) -> BeamSearch.Candidate {
                BeamSearch.Candidate(token: token, logProbability: value)
            }
            switch tokens {
            case []: return [candidate(1, -0.6), candidate(2, -0.8), candidate(3, -9)]
            case [1]: return [candidate(4, -3), candidate(5, -3.1), candidate(Self.endOfText, -4)]
            case [2]: return [candidate(6, -0.1), candidate(7, -5), candidate(Self.endOfText, -6)]
            default: return [candidate(Self.endOfText, -0.05), candidate(7, -5), candidate(8, -6)]
            }
        }
        var search = BeamSearch(width: 2, endOfText: Self.endOfText)
        while !search.isComplete { _ = search.advance(search.beams.map { candidates(after: $0.tokens) }) }
        #expect(search.best(lengthPenalty: nil)?.tokens == [2, 6])
    }

    @Test func scoreDividesByLengthOrByThePenalty() {
        #expect(HypothesisScore.of(sumLogProbability: -6, length: 3, lengthPenalty: nil) == -2)
        #expect(HypothesisScore.of(sumLogProbability: -6, length: 3, lengthPenalty: 0) == -6)
        #expect(abs(HypothesisScore.of(sumLogProbability: -6, length: 7, lengthPenalty: 1) + 3) < 1e-12)
        #expect(HypothesisScore.of(sumLogProbability: -6, length: 0, lengthPenalty: nil) == -6)
    }
}
