import FoundationEssentials
import StapesTokenizer

/// A line of the manifest, ready to be sent.
package struct LoadItem: Sendable {
    package let line: SpeechManifest.Line
    package let request: ServeRequest
    /// The code that the text is scored by.
    package let language: String

    /// Windows that the audio fills; nil where the manifest does not tell its length.
    package var windows: Int? {
        line.duration.map { max(1, Int(($0 / 30).rounded(.up))) }
    }

    /// Reads the files of all lines that may be transcribed; the ones to be refused are left out.
    ///
    /// - Parameter form: the fields that every request has.
    /// - Throws: `CommandError.Code.input`
    package static func items(
        of manifest: SpeechManifest, target: ServeTarget, endpoint: String, apiKey: String?,
        form: [(name: String, value: String)], givesLanguage: Bool
    ) throws(CommandError) -> [LoadItem] {
        var items: [LoadItem] = []
        for line in manifest.lines where line.expectation != .error {
            let path = manifest.path(of: line)
            guard let file = FileManager.default.contents(atPath: path) else {
                throw CommandError(.input, "\(path): cannot be read")
            }
            let code = line.language.flatMap { Languages.code(for: $0) }
            if let name = line.language, code == nil { throw CommandError(.input, "unknown language '\(name)'") }
            var form = form
            if givesLanguage, let code { form.append((name: "language", value: code)) }
            let name = String(path[(path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex)...])
            let request = ServeRequest(
                to: target, endpoint: endpoint, apiKey: apiKey, form: form, fileName: name, file: [UInt8](file))
            items.append(LoadItem(line: line, request: request, language: code ?? "en"))
        }
        guard !items.isEmpty else { throw CommandError(.input, "the manifest has no line that may be transcribed") }
        return items
    }
}
