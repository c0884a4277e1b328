import StapesDecoding
import StapesTokenizer

/// Attention and logits of a model that does not exist, from a seed; the script that records goldens makes the same.
struct MadeUpAttention {
    var seed: Int
    /// The position each token of the text's rows looks at.
    var peaks: [Int]
    /// Ids of the text, by index, that the model finds unlikely.
    var low: [Int]
    /// The first head looks at all positions alike, whatever the token.
    var isConstant = false
    /// Positions that no token looks at.
    var floor = [0, 0]

    private static let heads = 3
    private static let startCount = 3

    func shape(tokens: Int) -> AlignmentShape {
        AlignmentShape(heads: Self.heads, tokens: tokens, positions: WindowTime.stampsPerWindow)
    }

    func scores(tokens: Int) -> [Float] {
        let positions = WindowTime.stampsPerWindow
        let peaks = [Int](repeating: 0, count: Self.startCount) + self.peaks + [positions]
        var scores: [Float] = []
        for head in 0..<Self.heads {
            for token in 0..<tokens {
                let isSame = isConstant && head == 0
                var row = Self.noise(seed + 1000 * head + (isSame ? 0 : token), count: positions) {
                    Float($0 % 256) / 64
                }
                if !isSame {
                    for position in max(0, peaks[token] - 3)..<min(positions, peaks[token] + 4) { row[position] += 8 }
                }
                for position in floor[0]..<floor[1] { row[position] = -200 }
                scores += row
            }
        }
        return scores
    }

    func probabilities(text: [Int], special: SpecialTokens) -> [Double] {
        text.enumerated().map { index, token in
            var logits = Self.noise(seed + 7000 + Self.startCount + index, count: special.endOfText) {
                Float($0 % 1024) / 128 - 4
            }
            logits[token] += low[0]..<low[1] ~= index ? 3 : 12
            logits += [Float](repeating: 0, count: 1512)
            return logits.withUnsafeBufferPointer { Double(RowProbability.text(token, logits: $0, special: special)) }
        }
    }

    func alignment(of job: AlignmentJob, special: SpecialTokens) -> WindowAlignment {
        scores(tokens: job.tokens.count).withUnsafeBufferPointer {
            WindowAlignment(
                job, scores: $0, shape: shape(tokens: job.tokens.count),
                probabilities: probabilities(text: Array(job.text), special: special))
        }
    }

    private static func noise(_ seed: Int, count: Int, value: (Int) -> Float) -> [Float] {
        var state = UInt64(seed)
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return value(Int(state >> 40))
        }
    }
}
