import Foundation
import Testing

@Suite(.enabled(if: Program.isBuilt)) struct ModelsCommandTests {
    /// A cache with a complete `base` and an incomplete `org/model`.
    private final class Cache {
        let path = FileManager.default.temporaryDirectory.path + "/stapes-command-" + UUID().uuidString

        init() throws {
            for (directory, names) in [
                "base": ["config.json", "vocabulary.txt", "model.bin"], "org--model": ["config.json"],
            ] {
                try FileManager.default.createDirectory(
                    atPath: "\(path)/\(directory)", withIntermediateDirectories: true)
                for name in names {
                    try Data("abc".utf8).write(to: URL(fileURLWithPath: "\(path)/\(directory)/\(name)"))
                }
            }
        }

        deinit {
            try? FileManager.default.removeItem(atPath: path)
        }
    }

    private let cache: Cache

    init() throws {
        cache = try Cache()
    }

    private func models(_ arguments: String...) throws -> Program.Result {
        try Program.run(["models"] + arguments, cache: cache.path)
    }

    @Test func pathPrintsTheDirectoryAlone() throws {
        let result = try models("path", "base")
        #expect(result.status == 0)
        #expect(result.output == cache.path + "/base\n")
        #expect(result.errors.isEmpty)
    }

    @Test func pathOfAMissingModelFailsAndSaysWhatToRun() throws {
        let result = try models("path", "small")
        #expect(result.status == 1)
        #expect(result.output.isEmpty)
        #expect(result.errors.contains("model 'small' is not in \(cache.path): run 'stapes models pull small'"))
    }

    @Test func listAsJSONHoldsEveryModel() throws {
        struct Row: Decodable, Equatable {
            let name: String
            let format: String?
            let bytes: Int
            let complete: Bool
        }
        let result = try models("list", "--json")
        #expect(result.status == 0)
        let rows = try JSONDecoder().decode([Row].self, from: Data(result.output.utf8))
        #expect(
            rows == [
                Row(name: "base", format: "ctranslate2", bytes: 9, complete: true),
                Row(name: "org/model", format: nil, bytes: 3, complete: false),
            ])
    }

    @Test func listShowsWhatIsIncomplete() throws {
        let lines = try models("list").output.split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines.first?.hasPrefix("base ") == true)
        #expect(lines.last?.contains("incomplete: lacks a tokenizer") == true)
    }

    @Test func modelDirectoryFlagWinsOverTheEnvironment() throws {
        let result = try models("list", "--model-dir", cache.path + "/none")
        #expect(result.output == "no models in \(cache.path)/none\n")
    }

    @Test func verifyPrintsTheHashOfTheWeights() throws {
        let result = try models("verify", "base")
        #expect(result.status == 0)
        #expect(result.output.contains("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  model.bin"))
        #expect(try models("verify", "org/model").status == 1)
    }

    @Test func pullOfAPresentModelPrintsItsDirectory() throws {
        let result = try models("pull", "base")
        #expect(result.status == 0)
        #expect(result.output == cache.path + "/base\n")
    }

    @Test func pullFailsOfflineAndWithoutAHub() throws {
        let offline = try models("pull", "small", "--offline")
        #expect(offline.status == 1)
        #expect(offline.errors.contains("offline"))
        let refused = try models("pull", "small")
        #expect(refused.status == 1)
        #expect(refused.errors.contains("cannot reach http://127.0.0.1:1"))
    }

    @Test(arguments: [
        ["list"], ["list", "--json"], ["path", "base"], ["verify", "base"], ["pull", "base"], ["rm", "base"],
    ])
    func fullDiskIsAnError(arguments: [String]) async throws {
        let process = try await StapesProcess.run(
            ["models"] + arguments, environment: ["STAPES_CACHE": cache.path], output: "/dev/full")
        #expect(process.status == 1)
        #expect(process.messages == "stapes: standard output: no space left on device\n")
    }

    @Test func listAsJSONTellsAnUnknownFormatAndWhatIsMissing() throws {
        let output = try models("list", "--json").output
        let rows = try JSONDecoder().decode([[String: AnyJSON]].self, from: Data(output.utf8))
        #expect(rows.last?["format"] == .null)
        #expect(rows.last?["missing"]?.array?.isEmpty == false)
        #expect(rows.first?["missing"] == .array([]))
    }

    @Test func removeTakesTheModelOnly() throws {
        #expect(try models("rm", "base").output == "removed \(cache.path)/base\n")
        #expect(try models("rm", "base").status == 1)
        #expect(FileManager.default.fileExists(atPath: cache.path + "/org--model/config.json"))
    }

    @Test(arguments: [["frobnicate"], ["pull"], ["path", "a", "b"], ["list", "--no-such-flag"]])
    func misuseExitsWithTwo(arguments: [String]) throws {
        let result = try Program.run(["models"] + arguments, cache: cache.path)
        #expect(result.status == 2)
        #expect(result.errors.contains("see 'stapes --help'"))
    }
}
