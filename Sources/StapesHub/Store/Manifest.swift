import Foundation

/// `stapes.json` in a pulled model: where it came from and what each file must be.
package struct Manifest: Sendable, Hashable, Codable {
    package struct File: Sendable, Hashable, Codable {
        package let path: String
        package let size: Int
        package let sha256: String

        package init(path: String, size: Int, sha256: String) {
            self.path = path
            self.size = size
            self.sha256 = sha256
        }
    }

    package static let name = "stapes.json"

    /// The form of this file.
    package var version = 1
    /// Address of the repository.
    package let source: String
    package let repository: String
    /// As asked for: a branch, a tag or a commit.
    package let revision: String
    /// What the revision stood for; nil when the hub did not say.
    package let commit: String?
    package let files: [File]

    /// nil when the directory has none.
    ///
    /// - Throws: `badResponse` when there is one that cannot be read.
    package static func read(directory: String) throws(HubError) -> Manifest? {
        let path = "\(directory)/\(name)"
        guard let content = FileManager.default.contents(atPath: path) else { return nil }
        do {
            return try JSONDecoder().decode(Manifest.self, from: content)
        } catch {
            throw HubError(.badResponse, "cannot read '\(path)': it is not a manifest", cause: error)
        }
    }

    func write(directory: String) throws(HubError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let path = "\(directory)/\(Manifest.name)"
        do {
            let content = try encoder.encode(self)
            try FileTree.write(content + Data("\n".utf8), to: path)
        } catch let error as HubError {
            throw error
        } catch {
            throw HubError(.fileSystem, "cannot write '\(path)'", cause: error)
        }
    }
}
