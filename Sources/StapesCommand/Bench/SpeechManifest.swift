import FoundationEssentials

/// A list of audio with what is said in it: one JSON object a line.
package struct SpeechManifest: Sendable {
    /// What a line asks of the engine.
    package enum Expectation: String, Decodable, Sendable {
        /// The transcript is scored against `text`.
        case text
        /// There is no speech, and no text should come.
        case empty
        /// The audio has to be finished without an error.
        case any
        /// The audio has to be refused.
        case error
    }

    package struct Line: Decodable, Sendable {
        /// Relative to the manifest's folder.
        package let audio: String
        package let text: String?
        package let language: String?
        package let category: String?
        package let expect: Expectation?
        /// Length of the audio in seconds.
        package let duration: Double?

        package var expectation: Expectation { expect ?? .text }
    }

    package let folder: String
    package let lines: [Line]

    /// - Parameter categories: only lines of these; empty for all.
    /// - Throws: `CommandError.Code.input` for a file that cannot be read or a line that is no entry;
    ///   `CommandError.Code.usage` for a category that no line has.
    package init(path: String, categories: [String]) throws(CommandError) {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw CommandError(.input, "\(path): cannot be read")
        }
        folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        var lines: [Line] = []
        let decoder = JSONDecoder()
        for (index, line) in data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            if line.allSatisfy({ $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\r") }) { continue }
            do {
                lines.append(try decoder.decode(Line.self, from: Data(line)))
            } catch {
                throw CommandError(.input, "\(path): line \(index + 1) is no manifest entry", cause: error)
            }
        }
        let present = Set(lines.map { $0.category ?? "" })
        for category in categories where !present.contains(category) {
            throw CommandError(.usage, "\(path) has no line of the category '\(category)'")
        }
        self.lines = categories.isEmpty ? lines : lines.filter { categories.contains($0.category ?? "") }
        guard !self.lines.isEmpty else { throw CommandError(.input, "\(path): the manifest is empty") }
    }

    package func path(of line: Line) -> String {
        line.audio.hasPrefix("/") ? line.audio : folder + line.audio
    }
}
