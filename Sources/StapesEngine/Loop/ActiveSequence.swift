import StapesDecoding

/// A sequence inside the loop: its request, and what has been sampled for it.
struct ActiveSequence {
    typealias Completion = @Sendable (Result<WindowOutcome, EngineError>) -> Void

    let request: WindowRequest
    let completion: Completion
    /// When it came; nil once something has been done for it.
    var submitted: ContinuousClock.Instant?
    private(set) var sampled: [Int] = []
    private var sumLogProbability = 0.0
    /// Of each of `sampled`, where they are asked for.
    private var logProbabilities: [Float] = []
    var noSpeechProbability = 0.0
    /// Where it sits, once it samples: a seat for each hypothesis.
    var seats: [Int32] = []
    /// Its hypotheses, where it follows several.
    private(set) var beams: Beams?
    var times = WindowTimes()
    /// What came of it, once it is at its end.
    var answer: WindowOutcome.Answer?
    private var failure: EngineError?

    /// Hypotheses and their pages.
    struct Beams {
        var search: BeamSearch
        var pages: BeamPages
    }

    init(request: WindowRequest, submitted: ContinuousClock.Instant, completion: @escaping Completion) {
        self.request = request
        self.submitted = submitted
        self.completion = completion
    }

    /// Takes in a sampled token. A sequence that does not sample lets it pass.
    mutating func take(_ choice: Choice, endOfText: Int) {
        guard case .transcript(_, let sampling, let stepLimit) = request.purpose else { return }
        times.tokens += 1
        guard choice.token >= 0 else { return fail() }
        sumLogProbability += Double(choice.logProbability)
        if choice.token != endOfText {
            sampled.append(choice.token)
            if sampling.keepsLogProbabilities { logProbabilities.append(choice.logProbability) }
        }
        if choice.token == endOfText || sampled.count >= stepLimit {
            end(tokens: sampled, sumLogProbability: sumLogProbability, logProbabilities: logProbabilities)
        }
    }

    /// Begins to follow several hypotheses, behind a prompt of `length` tokens that stands in the first of `pages`.
    mutating func beginBeams(_ sampling: SamplingOptions, pages: [Int32], length: Int, endOfText: Int) {
        beams = Beams(
            search: BeamSearch(
                width: sampling.beamSize, patience: sampling.patience, endOfText: endOfText,
                keepsLogProbabilities: sampling.keepsLogProbabilities),
            pages: BeamPages(pages: pages, length: length))
    }

    /// Takes in what could come next for every hypothesis.
    ///
    /// - Parameter length: tokens that stand in the self arena.
    /// - Returns: pages to be copied before the next step; none at the end.
    mutating func take(_ candidates: [[BeamSearch.Candidate]], length: Int) -> [BeamPages.Copy] {
        guard case .transcript(_, let sampling, let stepLimit) = request.purpose, var beams else { return [] }
        times.tokens += 1
        let parents = beams.search.advance(candidates)
        let isLast = beams.search.isComplete || parents.isEmpty || beams.search.beams[0].tokens.count >= stepLimit
        guard isLast else {
            let copies = beams.pages.advance(parents: parents, length: length)
            self.beams = beams
            return copies
        }
        self.beams = beams
        guard let best = beams.search.best(lengthPenalty: sampling.lengthPenalty), best.sumLogProbability.isFinite
        else {
            fail()
            return []
        }
        end(
            tokens: best.tokens, sumLogProbability: Double(best.sumLogProbability),
            logProbabilities: best.logProbabilities)
        return []
    }

    private mutating func end(tokens: [Int], sumLogProbability: Double, logProbabilities: [Float]) {
        guard case .transcript(_, let sampling, _) = request.purpose else { return }
        answer = .transcript(
            WindowResult(
                tokens: tokens, sumLogProbability: sumLogProbability, noSpeechProbability: noSpeechProbability,
                temperature: Double(sampling.temperature),
                tokenLogProbabilities: sampling.keepsLogProbabilities ? logProbabilities : nil))
    }

    private mutating func fail() {
        failure = EngineError(.notANumber, "the model gave no finite logit: its weights are damaged")
    }

    /// Nil while there is more to do.
    var result: Result<WindowOutcome, EngineError>? {
        if let failure { return .failure(failure) }
        return answer.map { .success(WindowOutcome(answer: $0, times: times)) }
    }
}
