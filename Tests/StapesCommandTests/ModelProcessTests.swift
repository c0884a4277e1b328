import Foundation
import StapesCommand
import Testing

/// The whole program with a real model and real speech.
@Suite(.enabled(if: TestFiles.hasModel, "needs the base model in the cache"))
struct ModelProcessTests {
    @Test func fileThatFailsDoesNotStopTheOthers() async throws {
        let folder = try TemporaryFolder()
        let broken = try folder.add("broken.wav", "no audio")
        let process = try await StapesProcess.run([broken, TestFiles.speech])
        #expect(process.status == 1)
        #expect(process.messages.hasPrefix("stapes: \(broken): "))
        #expect(process.messages.count { $0 == "\n" } == 1)
        #expect(!process.output.isEmpty)
    }

    @Test func graphsDemandedOfABackendWithoutThemEndTheStart() async throws {
        let process = try await StapesProcess.run([
            TestFiles.speech, "--decode-graph", "on", "--attention-backend", "reference",
        ])
        #expect(process.status == 1)
        #expect(process.output == "")
        #expect(
            process.messages == "stapes: decode graphs cannot be used: the prefill attention backend 'reference' "
                + "cannot capture cross-attention\n")
    }

    @Test func backendWithoutGraphsIsWarnedAboutUnlessTheyAreOff() async throws {
        let arguments = ["doctor", "--model", "base", "--decode-attention-backend", "reference", "--json"]
        let auto = try await StapesProcess.run(arguments)
        #expect(auto.status == 0)
        #expect(
            auto.messages == "stapes: warning: no decode graphs: the decode attention backend 'reference' "
                + "cannot capture cross-attention\n")
        #expect(try decodeGraph(auto)["enabled"] == .bool(false))
        let off = try await StapesProcess.run(arguments + ["--decode-graph", "off"])
        #expect(off.messages == "")
        #expect(
            try decodeGraph(off)
                == ["enabled": .bool(false), "reason": .string("switched off"), "buckets": .array([])])
    }

    @Test func doctorListsTheRowsOfItsGraphs() async throws {
        let all = try await StapesProcess.run(["doctor", "-m", "base", "--json"])
        #expect(try decodeGraph(all)["enabled"] == .bool(true))
        #expect(try decodeGraph(all)["buckets"] == .array([.number(1), .number(2), .number(4)]))
        let some = try await StapesProcess.run(["doctor", "-m", "base", "--json", "--cuda-graph-bs", "1,3"])
        #expect(try decodeGraph(some)["buckets"] == .array([.number(1), .number(3)]))
        let none = try await StapesProcess.run(["doctor", "-m", "base", "--json", "--cuda-graph-bs", "64"])
        #expect(try decodeGraph(none)["buckets"] == .array([]))
        #expect(none.messages.hasPrefix("stapes: warning: no decode graphs: "))
    }

    private func decodeGraph(_ process: StapesProcess) throws -> [String: AnyJSON] {
        let report = try JSONDecoder().decode([String: AnyJSON].self, from: Data(process.output.utf8))
        return try #require(report["decode_graph"]?.object)
    }

    @Test func standardOutputAndFileHaveTheSameText() async throws {
        let folder = try TemporaryFolder()
        let printed = try await StapesProcess.run([TestFiles.speech, "-l", "en"])
        let written = try await StapesProcess.run([
            TestFiles.speech, "--language", "English", "--output_format", "txt", "-o", folder.path,
        ])
        #expect(printed.status == 0)
        #expect(written.status == 0)
        #expect(written.output == "")
        #expect(folder.text("jfk-inaugural.txt") == printed.output)
        #expect(try folder.names() == ["jfk-inaugural.txt"])
    }

    @Test func fullDiskEndsTheWorkWithOneError() async throws {
        let process = try await StapesProcess.run([TestFiles.speech, "-o", "-", "-f", "srt"], output: "/dev/full")
        #expect(process.status == 1)
        #expect(process.messages == "stapes: standard output: no space left on device\n")
    }

    @Test func readerThatGoesAwayEndsTheWorkQuietly() async throws {
        let pipe = Pipe()
        try pipe.fileHandleForReading.close()
        let process = try await StapesProcess.run([TestFiles.speech], standardOutput: pipe.fileHandleForWriting)
        #expect(process.status == 0)
        #expect(process.messages == "")
    }

    @Test func interruptKeepsCompleteFilesAndLeavesNoOthers() async throws {
        let folder = try TemporaryFolder()
        let inputs = try (0..<200).map { index in
            let link = folder.path + "/\(index).flac"
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: TestFiles.speech)
            return link
        }
        let process = try await StapesProcess.run(
            inputs + ["-f", "txt", "-o", folder.path + "/out"], interruptWhen: { folder.text("out/0.txt") != nil })
        #expect(process.status == ExitStatus.interrupted.rawValue)
        let names = try folder.names("out")
        #expect(names.contains("0.txt"))
        #expect(names.count < 200)
        #expect(names.allSatisfy { $0.hasSuffix(".txt") && folder.text("out/" + $0)?.hasSuffix("\n") == true })
    }
}

enum TestFiles {
    /// The project's own sample.
    static let speech =
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .path + "/Samples/jfk-inaugural.flac"

    static let hasModel: Bool = {
        let environment = ProcessInfo.processInfo.environment
        let cache =
            environment["STAPES_CACHE"] ?? environment["XDG_CACHE_HOME"].map { $0 + "/stapes/models" }
            ?? (environment["HOME"] ?? "") + "/.cache/stapes/models"
        let model = cache + "/base/model.bin"
        let isThere = FileManager.default.fileExists(atPath: model)
        if !isThere { print("skipped: no \(model)") }
        return isThere
    }()
}
