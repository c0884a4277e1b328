import Stapes
import StapesEvaluation
import StapesTokenizer

/// What became of one line of a manifest.
package struct LineOutcome: Sendable {
    package let line: SpeechManifest.Line
    /// Nil when the file was refused or failed.
    package let transcription: Transcription?
    package let error: String?
    package let seconds: Double
    /// Only for lines with a text to compare; a file that failed counts as one without a single word.
    package let score: ErrorCount?

    package init(
        line: SpeechManifest.Line, result: Result<Transcription, any Error>, seconds: Double, scorer: Scorer
    ) {
        self.line = line
        self.seconds = seconds
        switch result {
        case .success(let transcription):
            self.transcription = transcription
            error = nil
        case .failure(let error):
            transcription = nil
            self.error = "\(error)"
        }
        if line.expectation == .text {
            score = scorer.count(
                reference: line.text ?? "", hypothesis: transcription?.text ?? "",
                language: line.language.flatMap(Languages.code) ?? transcription?.language ?? "en")
        } else {
            score = nil
        }
    }

    /// Why the line did not do what its `expect` says; nil when it did.
    package var missedExpectation: String? {
        switch line.expectation {
        case .text, .any: return error
        case .empty:
            if let error { return error }
            let text = transcription?.text ?? ""
            return text.allSatisfy(\.isWhitespace) ? nil : "there is no speech in it, but the text is \"\(text)\""
        case .error: return error == nil ? "should have been refused" : nil
        }
    }
}
