/// What one device said at every step along its own likeliest tokens; the file that `bench forced --record` writes.
struct ForcedRecord: Codable, Sendable {
    /// The likeliest tokens of a step, the first of which was taken, and their logits.
    struct Step: Codable, Sendable {
        let tokens: [Int]
        let logits: [Float]

        /// How much likelier the first is than the second.
        var gap: Float { logits.count > 1 ? logits[0] - logits[1] : .infinity }

        /// - Complexity: O(logits * count), which is little beside the step.
        init(_ logits: [Float], count: Int) {
            var best: [(token: Int, logit: Float)] = []
            for (token, logit) in logits.enumerated() {
                if best.count == count, logit <= best[count - 1].logit { continue }
                let place = best.firstIndex { $0.logit < logit } ?? best.count
                best.insert((token, logit), at: place)
                if best.count > count { best.removeLast() }
            }
            tokens = best.map(\.token)
            self.logits = best.map(\.logit)
        }
    }

    struct Clip: Codable, Sendable {
        let audio: String
        let prompt: [Int]
        let steps: [Step]
    }

    let model: String
    let computeType: String
    let clips: [Clip]
}
