import Foundation
import StapesTesting
import Testing

@Suite struct ModelsCommandTests {
    /// A cache with a complete `base` and an incomplete `org/model`.
    private let cache: TemporaryDirectory

    init() throws {
        cache = try TemporaryDirectory()
        for name in ["base/config.json", "base/vocabulary.txt", "base/model.bin", "org--model/config.json"] {
            try cache.write("abc", to: name)
        }
    }

    private func models(_ arguments: String...) async throws -> StapesProcess { try await models(arguments) }

    private func models(_ arguments: [String]) async throws -> StapesProcess {
        try await StapesProcess.run(
            ["models"] + arguments,
            environment: [
                "STAPES_CACHE": cache.path, "HOME": "/nonexistent", "HF_ENDPOINT": "http://127.0.0.1:1",
                "HF_HUB_OFFLINE": "", "no_proxy": "127.0.0.1",
            ])
    }

    @Test func pathPrintsTheDirectoryAlone() async throws {
        let result = try await models("path", "base")
        #expect(result.status == 0)
        #expect(result.output == cache.path + "/base\n")
        #expect(result.messages.isEmpty)
    }

    @Test func pathOfAMissingModelFailsAndSaysWhatToRun() async throws {
        let result = try await models("path", "small")
        #expect(result.status == 1)
        #expect(result.output.isEmpty)
        #expect(result.messages.contains("model 'small' is not in \(cache.path): run 'stapes models pull small'"))
    }

    @Test func listAsJSONHoldsEveryModel() async throws {
        struct Row: Decodable, Equatable {
            let name: String
            let format: String?
            let bytes: Int
            let complete: Bool
        }
        let result = try await models("list", "--json")
        #expect(result.status == 0)
        let rows = try JSONDecoder().decode([Row].self, from: Data(result.output.utf8))
        #expect(
            rows == [
                Row(name: "base", format: "ctranslate2", bytes: 9, complete: true),
                Row(name: "org/model", format: nil, bytes: 3, complete: false),
            ])
    }

    @Test func listShowsWhatIsIncomplete() async throws {
        let lines = try await models("list").output.split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines.first?.hasPrefix("base ") == true)
        #expect(lines.last?.contains("incomplete: lacks a tokenizer") == true)
    }

    @Test func modelDirectoryFlagWinsOverTheEnvironment() async throws {
        let result = try await models("list", "--model-dir", cache.path + "/none")
        #expect(result.output == "no models in \(cache.path)/none\n")
    }

    @Test func verifyPrintsTheHashOfTheWeights() async throws {
        let result = try await models("verify", "base")
        #expect(result.status == 0)
        #expect(result.output.contains("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  model.bin"))
        #expect(try await models("verify", "org/model").status == 1)
    }

    @Test func pullOfAPresentModelPrintsItsDirectory() async throws {
        let result = try await models("pull", "base")
        #expect(result.status == 0)
        #expect(result.output == cache.path + "/base\n")
    }

    @Test func pullFailsOfflineAndWithoutAHub() async throws {
        let offline = try await models("pull", "small", "--offline")
        #expect(offline.status == 1)
        #expect(offline.messages.contains("offline"))
        let refused = try await models("pull", "small")
        #expect(refused.status == 1)
        #expect(refused.messages.contains("cannot reach http://127.0.0.1:1"))
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

    @Test func listAsJSONTellsAnUnknownFormatAndWhatIsMissing() async throws {
        let output = try await models("list", "--json").output
        let rows = try JSONDecoder().decode([[String: AnyJSON]].self, from: Data(output.utf8))
        #expect(rows.last?["format"] == .null)
        #expect(rows.last?["missing"]?.array?.isEmpty == false)
        #expect(rows.first?["missing"] == .array([]))
    }

    @Test func removeTakesTheModelOnly() async throws {
        #expect(try await models("rm", "base").output == "removed \(cache.path)/base\n")
        #expect(try await models("rm", "base").status == 1)
        #expect(FileManager.default.fileExists(atPath: cache.path + "/org--model/config.json"))
    }

    @Test(arguments: [["frobnicate"], ["pull"], ["path", "a", "b"], ["list", "--no-such-flag"]])
    func misuseExitsWithTwo(arguments: [String]) async throws {
        let result = try await models(arguments)
        #expect(result.status == 2)
        #expect(result.messages.contains("see 'stapes --help'"))
    }
}
