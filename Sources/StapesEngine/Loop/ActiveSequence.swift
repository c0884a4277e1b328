import StapesDecoding

/// A sequence inside the loop: its request, and what has been sampled for it.
struct ActiveSequence {
    typealias Completion = @Sendable (Result<WindowOutcome, EngineError>) -> Void

    let request: WindowRequest
    let completion: Completion
    var sampled: [Int] = []
    var sumLogProbability = 0.0
    var noSpeechProbability = 0.0
    /// Where it sits, once it samples.
    var seat: Int32?
    var times = WindowTimes()
    /// What came of it, once it is at its end.
    var answer: WindowOutcome.Answer?
    private var failure: EngineError?

    init(request: WindowRequest, completion: @escaping Completion) {
        self.request = request
        self.completion = completion
    }

    /// Takes in a sampled token. A sequence that does not sample lets it pass.
    mutating func take(_ choice: Choice, endOfText: Int) {
        guard case .transcript(_, let sampling, let stepLimit) = request.purpose else { return }
        times.tokens += 1
        guard choice.token >= 0 else {
            failure = EngineError(.notANumber, "the model gave no finite logit: its weights are damaged")
            return
        }
        sumLogProbability += Double(choice.logProbability)
        if choice.token != endOfText { sampled.append(choice.token) }
        if choice.token == endOfText || sampled.count >= stepLimit {
            answer = .transcript(
                WindowResult(
                    tokens: sampled, sumLogProbability: sumLogProbability, noSpeechProbability: noSpeechProbability,
                    temperature: Double(sampling.temperature)))
        }
    }

    /// Nil while there is more to do.
    var result: Result<WindowOutcome, EngineError>? {
        if let failure { return .failure(failure) }
        return answer.map { .success(WindowOutcome(answer: $0, times: times)) }
    }
}
