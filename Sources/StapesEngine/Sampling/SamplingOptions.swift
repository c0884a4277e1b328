import CKernels

/// How tokens are chosen under the rules.
package struct SamplingOptions: Sendable, Hashable {
    /// 0 takes the likeliest token.
    package var temperature: Float
    /// Names the random numbers that tokens are drawn by. The same request with the same seed gets the same text.
    package var seed: UInt64
    /// Hypotheses that are followed at a time; 1 follows the likeliest token alone.
    package var beamSize: Int
    /// The search ends with `beamSize * patience` finished hypotheses.
    package var patience: Double
    /// See `HypothesisScore`.
    package var lengthPenalty: Double?
    /// Above 1, ids that were sampled before become less likely.
    package var repetitionPenalty: Float
    /// No run of so many ids comes twice; 0 allows all.
    package var noRepeatNgramSize: Int
    /// Whether the result says how likely each of its tokens was.
    package var keepsLogProbabilities: Bool

    package init(
        temperature: Float = 0, seed: UInt64 = 0, beamSize: Int = 1, patience: Double = 1,
        lengthPenalty: Double? = nil, repetitionPenalty: Float = 1, noRepeatNgramSize: Int = 0,
        keepsLogProbabilities: Bool = false
    ) {
        self.temperature = temperature
        self.seed = seed
        self.beamSize = beamSize
        self.patience = patience
        self.lengthPenalty = lengthPenalty
        self.repetitionPenalty = repetitionPenalty
        self.noRepeatNgramSize = noRepeatNgramSize
        self.keepsLogProbabilities = keepsLogProbabilities
    }

    /// The widest beam: a step gives one candidate more than the beam has hypotheses.
    package static let largestBeam = Int(STAPES_CANDIDATES) - 1

    /// Whether the rules look at all ids sampled so far.
    var needsHistory: Bool { repetitionPenalty != 1 || noRepeatNgramSize > 0 }

    /// - Throws: `invalidRequest`.
    func check() throws(EngineError) {
        guard temperature >= 0, temperature.isFinite else {
            throw EngineError(.invalidRequest, "a temperature of \(temperature); it is 0 or more")
        }
        guard (1...Self.largestBeam).contains(beamSize) else {
            throw EngineError(
                .invalidRequest, "a beam of \(beamSize) hypotheses; 1 to \(Self.largestBeam) can be followed")
        }
        guard beamSize == 1 || temperature == 0 else {
            throw EngineError(.invalidRequest, "a beam is followed at temperature 0 only")
        }
        guard patience > 0, patience.isFinite else {
            throw EngineError(.invalidRequest, "a patience of \(patience); it is above 0")
        }
        guard repetitionPenalty > 0, repetitionPenalty.isFinite, noRepeatNgramSize >= 0 else {
            throw EngineError(
                .invalidRequest,
                "a repetition penalty of \(repetitionPenalty) and runs of \(noRepeatNgramSize) ids cannot be kept to")
        }
    }
}
