import StapesDecoding
import StapesModel

/// One window to work on, with everything that the engine needs and nothing that it does not.
package struct WindowRequest: Sendable {
    package enum Purpose: Sendable {
        /// Sample a transcript under these rules, `stepLimit` tokens at most.
        case transcript(LogitRules, SamplingOptions = SamplingOptions(), stepLimit: Int)
        /// Ask for the languages' probabilities after the prompt.
        case languages
        /// Give the decoder the prompt, which is a whole transcript, and look at what it attends to. `content`:
        /// encoder positions of 20 ms that hold content.
        case alignment(content: Int)
    }

    package let features: WindowFeatures
    package let positions: Int
    package let key: WindowKey
    package let prompt: [Int]
    /// Where the start of the transcript stands in the prompt: there the no-speech probability is read.
    package let startIndex: Int
    package let purpose: Purpose
    package var job: Job

    package init(
        features: WindowFeatures, positions: Int, prompt: [Int], startIndex: Int, purpose: Purpose, job: Job = Job()
    ) {
        self.features = features
        self.positions = positions
        key = WindowKey(features, positions: positions)
        self.prompt = prompt
        self.startIndex = startIndex
        self.purpose = purpose
        self.job = job
    }

    /// - Parameter features: log-mel, `[2 * positions, melBins]`.
    package init(
        features: [Float], positions: Int, prompt: [Int], startIndex: Int, purpose: Purpose, job: Job = Job()
    ) {
        self.init(
            features: .logMel(features), positions: positions, prompt: prompt, startIndex: startIndex,
            purpose: purpose, job: job)
    }

    var demand: SequenceDemand {
        var (limit, width) = (1, 1)
        if case .transcript(_, let sampling, let stepLimit) = purpose {
            (limit, width) = (stepLimit, sampling.beamSize)
        }
        // Logits are wanted where the transcript starts and where the prompt ends.
        let shareable = max(0, min(startIndex, prompt.count - 1))
        return SequenceDemand(
            promptCount: prompt.count, stepLimit: limit, key: key, encoderLength: positions, width: width,
            prefix: PrefixKey.pages(of: prompt, shareable: shareable, window: key), job: job)
    }
}

extension WindowRequest {
    /// Whether every number of the request lies inside the model's tables; how many there may be is the scheduler's
    /// question.
    ///
    /// - Parameter logMelOnDevice: whether windows may come as samples.
    /// - Throws: `invalidRequest`.
    func check(against model: ModelConfiguration, logMelOnDevice: Bool) throws(EngineError) {
        if let token = prompt.first(where: { $0 < 0 || $0 >= model.vocabularySize }) {
            throw EngineError(
                .invalidRequest, "a prompt with the token \(token); the model has \(model.vocabularySize)")
        }
        guard prompt.indices.contains(startIndex) else {
            throw EngineError(
                .invalidRequest, "a transcript that starts at \(startIndex) of a prompt of \(prompt.count) tokens")
        }
        if case .transcript(_, let sampling, _) = purpose { try sampling.check() }
        guard positions > 0, positions <= model.audioContext else {
            throw EngineError(
                .invalidRequest, "a window of \(positions) positions; 1 to \(model.audioContext) can be served")
        }
        if case .alignment(let content) = purpose, !(1...positions).contains(content) {
            throw EngineError(.invalidRequest, "a content of \(content) positions in a window of \(positions)")
        }
        switch features {
        case .logMel(let values):
            guard values.count >= 2 * positions * model.melBins else {
                throw EngineError(
                    .invalidRequest,
                    "a window of \(positions) positions with \(values.count) features; \(model.melBins) a frame are needed"
                )
            }
        case .samples(let window):
            guard logMelOnDevice else {
                throw EngineError(.invalidRequest, "a window of samples; this engine is given log-mel")
            }
            try window.check(frames: 2 * positions)
        }
    }
}

/// Where the time of a window went. A step that serves several rows counts for each of them by its share.
package struct WindowTimes: Sendable, Hashable {
    package var encodeSeconds = 0.0
    package var prefillSeconds = 0.0
    package var decodeSeconds = 0.0
    /// Tokens sampled, the end of text included.
    package var tokens = 0

    package init() {}

    package static func += (left: inout WindowTimes, right: WindowTimes) {
        left.encodeSeconds += right.encodeSeconds
        left.prefillSeconds += right.prefillSeconds
        left.decodeSeconds += right.decodeSeconds
        left.tokens += right.tokens
    }
}

/// What came of a window.
package struct WindowOutcome: Sendable {
    package enum Answer: Sendable {
        case transcript(WindowResult)
        /// Probabilities in the order of the languages' tokens.
        case languages([Float])
        case alignment(WindowAttention)
    }

    package let answer: Answer
    package let times: WindowTimes
}
