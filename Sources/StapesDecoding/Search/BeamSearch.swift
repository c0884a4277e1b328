#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Beam search over one window: which hypotheses go on, which are finished, and which is the best
/// (decoding.md, section 3; `BeamSearchDecoder` of the reference).
///
/// Knows tokens and their log-probabilities, and nothing of pages: it says of which beam each new one is the child, and
/// whoever keeps the beams' caches moves them. Sums are float32, as the reference's are.
package struct BeamSearch: Sendable {
    package struct Hypothesis: Sendable, Hashable {
        /// Without the end of text.
        package var tokens: [Int]
        /// The end of text included, if it was reached.
        package var sumLogProbability: Float
        /// Of each of `tokens`, where they are kept.
        package var logProbabilities: [Float] = []
    }

    /// A token that could come next.
    package struct Candidate: Sendable, Hashable {
        package var token: Int
        package var logProbability: Float

        package init(token: Int, logProbability: Float) {
            self.token = token
            self.logProbability = logProbability
        }
    }

    private let width: Int
    private let endOfText: Int
    /// Finished hypotheses at which the search stops: `round(width * patience)`.
    private let enough: Int
    private let keepsLogProbabilities: Bool
    /// In the order in which the next step's rows stand. One empty hypothesis at the beginning.
    package private(set) var beams = [Hypothesis(tokens: [], sumLogProbability: 0)]
    private var finished: [Hypothesis] = []

    /// - Parameter keepsLogProbabilities: whether hypotheses say how likely each of their tokens was.
    package init(width: Int, patience: Double = 1, endOfText: Int, keepsLogProbabilities: Bool = false) {
        precondition(width > 0, "a search has a beam")
        self.width = width
        self.endOfText = endOfText
        self.keepsLogProbabilities = keepsLogProbabilities
        enough = max(1, Int((Double(width) * patience).rounded(.toNearestOrEven)))
    }

    /// Candidates that each beam has to bring: enough to fill the width even if one of them ends.
    package var candidateCount: Int { width + 1 }

    package var isComplete: Bool { finished.count >= enough }

    /// Takes in one step.
    ///
    /// - Parameter candidates: of each beam, the likeliest first.
    /// - Returns: of which beam each of the new `beams` is the child.
    package mutating func advance(_ candidates: [[Candidate]]) -> [Int] {
        precondition(candidates.count == beams.count, "every beam brings its candidates")
        var scored: [(parent: Int, choice: Candidate, sum: Float)] = []
        for (parent, choices) in candidates.enumerated() {
            for choice in choices.prefix(candidateCount) {
                scored.append((parent, choice, beams[parent].sumLogProbability + choice.logProbability))
            }
        }
        var children: [(parent: Int, hypothesis: Hypothesis)] = []
        // Equal sums keep the order of beams and candidates, as Python's sort does.
        for index in scored.indices.sorted(by: { (scored[$0].sum, $1) > (scored[$1].sum, $0) }) {
            let (parent, choice, sum) = scored[index]
            if choice.token == endOfText {
                if finished.count < enough {
                    var hypothesis = beams[parent]
                    hypothesis.sumLogProbability = sum
                    finished.append(hypothesis)
                }
                continue
            }
            var child = Hypothesis(tokens: beams[parent].tokens + [choice.token], sumLogProbability: sum)
            if keepsLogProbabilities {
                child.logProbabilities = beams[parent].logProbabilities + [choice.logProbability]
            }
            children.append((parent, child))
            if children.count == width { break }
        }
        beams = children.map(\.hypothesis)
        return children.map(\.parent)
    }

    /// The best of the finished hypotheses; unfinished ones count where fewer than the width are finished.
    ///
    /// - Parameter lengthPenalty: see `HypothesisScore`.
    package func best(lengthPenalty: Double?) -> Hypothesis? {
        let unfinished = beams.sorted { $0.sumLogProbability > $1.sumLogProbability }
        let all = finished + unfinished.prefix(max(0, width - finished.count))
        return all.first { candidate in
            let score = HypothesisScore.of(candidate, lengthPenalty: lengthPenalty)
            return all.allSatisfy { HypothesisScore.of($0, lengthPenalty: lengthPenalty) <= score }
        }
    }
}

/// How hypotheses of different lengths compare (`MaximumLikelihoodRanker` of the reference).
package enum HypothesisScore {
    /// The sum over the length, or over ((5 + length) / 6) to the power of `lengthPenalty` (Google NMT).
    package static func of(_ hypothesis: BeamSearch.Hypothesis, lengthPenalty: Double?) -> Double {
        of(
            sumLogProbability: Double(hypothesis.sumLogProbability), length: hypothesis.tokens.count,
            lengthPenalty: lengthPenalty)
    }

    /// - Parameter length: without the end of text. The reference divides by zero where that is all there is; it counts
    ///   as one here.
    package static func of(sumLogProbability: Double, length: Int, lengthPenalty: Double?) -> Double {
        let length = Double(max(1, length))
        return sumLogProbability / (lengthPenalty.map { pow((5 + length) / 6, $0) } ?? length)
    }

}
