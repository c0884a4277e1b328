import FoundationEssentials
import StapesEvaluation

/// Counts the errors of a transcript after both texts are normalised.
package struct Scorer: Sendable {
    /// British to American, for English.
    private let spellings: Spellings?

    package init() {
        spellings = nil
    }

    /// - Parameter modelDirectory: where the model's table of spellings, `normalizer.json`, may be.
    /// - Throws: `CommandError.Code.model` when the table is there but cannot be read.
    package init(modelDirectory: String) throws(CommandError) {
        let path = modelDirectory + "/normalizer.json"
        guard FileManager.default.fileExists(atPath: path) else {
            spellings = nil
            return
        }
        do {
            spellings = try Spellings(contentsOf: path)
        } catch {
            throw CommandError(.model, error.message, cause: error)
        }
    }

    /// - Parameter language: the code; it decides the rules, and for some languages that characters are counted.
    package func count(reference: String, hypothesis: String, language: String) -> ErrorCount {
        errorCount(reference: reference, hypothesis: hypothesis, language: language, spellings: spellings)
    }
}
