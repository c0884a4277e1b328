import FoundationEssentials

/// Which texts were seen for each file, and how often. The first one is what the others are compared with.
package struct TextRecord: Sendable, Equatable {
    /// A text of a file, as `--texts` writes it, one a line.
    package struct Entry: Codable, Sendable, Equatable {
        package let audio: String
        package let text: String
        package let count: Int
    }

    private struct Texts: Sendable, Equatable {
        let first: String
        var counts: [String: Int] = [:]
    }

    private var files: [String: Texts] = [:]

    package init() {}

    /// - Parameter path: what an earlier run wrote. Its most frequent text of each file is what new ones are compared
    ///   with; its counts are not taken over.
    /// - Throws: `CommandError.Code.input`
    package init(reference path: String) throws(CommandError) {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw CommandError(.input, "\(path): cannot be read")
        }
        var best: [String: Entry] = [:]
        for line in data.split(separator: UInt8(ascii: "\n")) {
            guard let entry = try? JSONDecoder().decode(Entry.self, from: Data(line)) else {
                throw CommandError(.input, "\(path): not what --texts writes")
            }
            if entry.count > best[entry.audio]?.count ?? 0 { best[entry.audio] = entry }
        }
        files = best.mapValues { Texts(first: $0.text) }
    }

    /// - Returns: whether the text is another one than the first of the file.
    package mutating func add(_ text: String, of audio: String) -> Bool {
        files[audio, default: Texts(first: text)].counts[text, default: 0] += 1
        return files[audio]?.first != text
    }

    package var entries: [Entry] {
        files.sorted { $0.key < $1.key }.flatMap { audio, texts in
            texts.counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { text, count in
                Entry(audio: audio, text: text, count: count)
            }
        }
    }

    /// An entry a line.
    package func lines() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try entries.map { String(decoding: try encoder.encode($0), as: UTF8.self) + "\n" }.joined()
    }
}
