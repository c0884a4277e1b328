import Foundation

/// British spellings and their American forms, so that `colour` against `color` is no error.
///
/// The table is not part of this package. It is read from Whisper's `normalizer.json` (hub) or `english.json`
/// (reference): one JSON object, `{"british": "american"}`.
package struct Spellings: Sendable {
    private let americanForms: [String: String]

    /// - Throws: `unreadable`, `malformed`; the message names the file.
    package init(contentsOf path: String) throws(EvaluationError) {
        let data: Data
        do {
            data = try Data(contentsOf: URL(filePath: path))
        } catch {
            throw EvaluationError(.unreadable, "\(path): cannot be read", cause: error)
        }
        do {
            americanForms = try JSONDecoder().decode([String: String].self, from: data)
        } catch {
            throw EvaluationError(.malformed, "\(path): not an object of spellings", cause: error)
        }
    }

    package init(_ americanForms: [String: String]) {
        self.americanForms = americanForms
    }

    /// The American form of a word, or the word itself.
    package func american(_ word: String) -> String {
        americanForms[word] ?? word
    }
}
