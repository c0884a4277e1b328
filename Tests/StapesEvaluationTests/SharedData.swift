import Foundation

/// The speech data beside the project, and the transcripts others made of it.
enum SharedData {
    struct Recording: Decodable {
        let audio: String
        let text: String?
        let language: String?
        let category: String
        let expect: String
    }

    /// A transcript with the errors its maker counted, where it says so.
    struct Transcript: Decodable {
        let audio: String
        let hyp: String?
        let text: String?
        let errors: Int?
        let words: Int?
    }

    /// `STAPES_DATA`, else `../shared/data` beside the package.
    static let directory: String = {
        if let path = ProcessInfo.processInfo.environment["STAPES_DATA"] { return path }
        let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return package.deletingLastPathComponent().appending(path: "shared/data").path
    }()

    /// Says so when the data is absent, for a skipped test must be seen.
    static let isPresent: Bool = {
        let isPresent = FileManager.default.fileExists(atPath: directory + "/dev/manifest.jsonl")
        if !isPresent { print("skipped: no speech data in \(directory) (set STAPES_DATA)") }
        return isPresent
    }()

    static func lines<Line: Decodable>(_ name: String, as type: Line.Type = Line.self) throws -> [Line] {
        let text = try String(contentsOfFile: "\(directory)/dev/\(name)", encoding: .utf8)
        return try text.split(separator: "\n").map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
    }
}
