import Foundation
import StapesHub

/// A cache directory that goes with the test.
final class TemporaryStore: Sendable {
    let root: String
    let store: ModelStore

    init() {
        root = FileManager.default.temporaryDirectory.path + "/stapes-hub-" + UUID().uuidString
        store = ModelStore(root: root)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: root)
    }

    /// Writes files, given as path below the root and content.
    func write(_ files: [String: [UInt8]], in directory: String) throws {
        let path = "\(root)/\(directory)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        for (name, content) in files { try Data(content).write(to: URL(fileURLWithPath: "\(path)/\(name)")) }
    }

    /// nil when there is no such file.
    func read(_ path: String) -> [UInt8]? {
        FileManager.default.contents(atPath: "\(root)/\(path)").map(Array.init)
    }

    func names(in directory: String) -> Set<String> {
        Set((try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(directory)")) ?? [])
    }

    static let ctranslate2: [String: [UInt8]] = [
        "config.json": Array("{}".utf8), "vocabulary.txt": Array("a".utf8), "model.bin": Array("abc".utf8),
    ]
}

extension PullOptions {
    /// For a test's server: patient with a loaded machine, quick to try again.
    static func test(_ endpoint: String) -> PullOptions {
        var options = PullOptions(environment: ["HF_ENDPOINT": endpoint])
        options.retryDelay = .milliseconds(5)
        return options
    }
}

extension ModelStore {
    /// The error a pull ends with; nil when it succeeds.
    func pullFailure(_ options: PullOptions, of model: String = "tiny") async -> HubError? {
        do throws(HubError) {
            _ = try await pull(model, options: options)
            return nil
        } catch {
            return error
        }
    }
}
