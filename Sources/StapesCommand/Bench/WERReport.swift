import StapesEvaluation

/// What `bench wer --json` prints. Rates are fractions, times seconds.
package struct WERReport: Encodable, Sendable, Equatable {
    /// A line that did not do what its `expect` says.
    package struct Failure: Encodable, Sendable, Equatable {
        package let audio: String
        package let error: String
    }

    package struct Category: Encodable, Sendable, Equatable {
        package var files = 0
        package var errors = 0
        package var words = 0
        @Nullable package var errorRate: Double?

        mutating func add(_ score: ErrorCount) {
            errors += score.errors
            words += score.words
            errorRate = ratio(Double(errors), Double(words))
        }
    }

    package struct Result: Encodable, Sendable, Equatable {
        package let audio: String
        package let category: String
        @Nullable package var text: String?
        package let reference: String
        @Nullable package var language: String?
        @Nullable package var errors: Int?
        @Nullable package var words: Int?
        /// From handing the file over to having its text.
        package let seconds: Double
        @Nullable package var audioSeconds: Double?
    }

    package let model: String
    package let device: String
    package let computeType: String
    package private(set) var files = 0
    package private(set) var failed: [Failure] = []
    /// The files that had to be refused and were.
    package private(set) var refused: [Failure] = []
    package private(set) var errors = 0
    package private(set) var words = 0
    @Nullable package private(set) var errorRate: Double?
    @Nullable package private(set) var rtfx: Double?
    package private(set) var audioSeconds = 0.0
    package let wallSeconds: Double
    package private(set) var categories: [String: Category] = [:]
    package private(set) var results: [Result] = []

    package init(engine: EngineFacts, outcomes: [LineOutcome], wallSeconds: Double) {
        model = engine.model
        device = engine.device
        computeType = engine.computeType
        self.wallSeconds = wallSeconds
        for outcome in outcomes { add(outcome) }
        rtfx = ratio(audioSeconds, wallSeconds)
    }

    private mutating func add(_ outcome: LineOutcome) {
        let line = outcome.line
        files += 1
        categories[line.category ?? "", default: Category()].files += 1
        if let miss = outcome.missedExpectation { failed.append(Failure(audio: line.audio, error: miss)) }
        if line.expectation == .error, let error = outcome.error {
            refused.append(Failure(audio: line.audio, error: error))
            return
        }
        audioSeconds += outcome.transcription?.durationSeconds ?? 0
        if let score = outcome.score {
            errors += score.errors
            words += score.words
            errorRate = ratio(Double(errors), Double(words))
            categories[line.category ?? "", default: Category()].add(score)
        }
        results.append(
            Result(
                audio: line.audio, category: line.category ?? "", text: outcome.transcription?.text,
                reference: line.text ?? "", language: outcome.transcription?.language ?? line.language,
                errors: outcome.score?.errors, words: outcome.score?.words, seconds: outcome.seconds,
                audioSeconds: outcome.transcription?.durationSeconds))
    }
}
