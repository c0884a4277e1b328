/// What `bench forced` prints: how far steps are from those of the record.
struct ForcedReport: Encodable, Sendable {
    struct Difference: Encodable, Sendable {
        let audio: String
        let step: Int
        let reference: Int
        let chosen: Int
        /// Between the two likeliest logits of the record.
        let gap: Double
    }

    /// Steps whose two likeliest logits are nearer than this are ties: rounding may choose either.
    static let tieGap: Float = 0.02
    /// The most that are listed.
    private static let listed = 20

    let model: String
    let device: String
    let computeType: String
    let referenceComputeType: String
    private(set) var clips = 0
    private(set) var steps = 0
    private(set) var ties = 0
    /// Steps that are no ties and have the record's likeliest token.
    private(set) var equal = 0
    /// Over the likeliest tokens of every step.
    private(set) var largestDifference = 0.0
    private(set) var meanDifference = 0.0
    /// Of the steps' largest differences: 99 of 100 are not above it.
    private(set) var p99Difference = 0.0
    private(set) var differing: [Difference] = []

    private enum CodingKeys: String, CodingKey {
        case model, device, computeType, referenceComputeType, clips, steps, ties, equal, largestDifference
        case meanDifference
        // The encoder would not put its underscore before a number.
        case p99Difference = "p99_difference"
        case differing
    }

    private var worst: [Double] = []
    private var sum = 0.0
    private var compared = 0

    init(model: String, device: String, computeType: String, referenceComputeType: String) {
        self.model = model
        self.device = device
        self.computeType = computeType
        self.referenceComputeType = referenceComputeType
    }

    mutating func begin() { clips += 1 }

    mutating func add(_ logits: [Float], reference: ForcedRecord.Step, audio: String, step: Int) {
        steps += 1
        let chosen = ForcedRecord.Step(logits, count: 1).tokens.first ?? -1
        if reference.gap < Self.tieGap {
            ties += 1
        } else if chosen == reference.tokens.first {
            equal += 1
        } else if differing.count < Self.listed {
            differing.append(
                Difference(
                    audio: audio, step: step, reference: reference.tokens.first ?? -1, chosen: chosen,
                    gap: Double(reference.gap)))
        }
        var most = 0.0
        for (token, logit) in zip(reference.tokens, reference.logits) {
            // What is no number is as far as can be, and JSON has no infinity.
            let difference = Double(abs(logits[token] - logit))
            most = max(most, difference.isFinite ? difference : 1e9)
            sum += difference.isFinite ? difference : 1e9
            compared += 1
        }
        worst.append(most)
    }

    mutating func finish() {
        worst.sort()
        largestDifference = worst.last ?? 0
        p99Difference = worst.isEmpty ? 0 : worst[min(worst.count - 1, worst.count * 99 / 100)]
        meanDifference = compared > 0 ? sum / Double(compared) : 0
    }

    /// For reading.
    var text: String {
        let counted = steps - ties
        return """
            \(model), \(device), \(computeType), beside \(referenceComputeType): \(steps) steps of \(clips) clips
            \(equal) of \(counted) outside ties have the same likeliest token
            logits differ by \(largestDifference.fixed(4)) at most, \(p99Difference.fixed(4)) in 99 of 100 steps, \
            \(meanDifference.fixed(5)) in the mean

            """
    }
}
