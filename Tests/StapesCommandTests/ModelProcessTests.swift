import Foundation
import StapesCommand
import StapesTesting
import Testing

/// The whole program with a real model and real speech.
@Suite(.enabled(if: TestModels.hasBase, "needs the model base"))
struct ModelProcessTests {
    private static let speech = Repository.directory + "/Samples/jfk-inaugural.flac"

    @Test func fileThatFailsDoesNotStopTheOthers() async throws {
        let folder = try TemporaryDirectory()
        let broken = try folder.write("no audio", to: "broken.wav")
        let process = try await StapesProcess.run([broken, Self.speech])
        #expect(process.status == 1)
        #expect(process.messages.hasPrefix("stapes: \(broken): "))
        #expect(process.messages.count { $0 == "\n" } == 1)
        #expect(!process.output.isEmpty)
    }

    @Test func graphsDemandedOfABackendWithoutThemEndTheStart() async throws {
        let process = try await StapesProcess.run([
            Self.speech, "--decode-graph", "on", "--attention-backend", "reference",
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
        let folder = try TemporaryDirectory()
        let printed = try await StapesProcess.run([Self.speech, "-l", "en"])
        let written = try await StapesProcess.run([
            Self.speech, "--language", "English", "--output_format", "txt", "-o", folder.path,
        ])
        #expect(printed.status == 0)
        #expect(written.status == 0)
        #expect(written.output == "")
        #expect(folder.text("jfk-inaugural.txt") == printed.output)
        #expect(try folder.names() == ["jfk-inaugural.txt"])
    }

    @Test func fullDiskEndsTheWorkWithOneError() async throws {
        let process = try await StapesProcess.run([Self.speech, "-o", "-", "-f", "srt"], output: "/dev/full")
        #expect(process.status == 1)
        #expect(process.messages == "stapes: standard output: no space left on device\n")
    }

    @Test func readerThatGoesAwayEndsTheWorkQuietly() async throws {
        let pipe = Pipe()
        try pipe.fileHandleForReading.close()
        let process = try await StapesProcess.run([Self.speech], standardOutput: pipe.fileHandleForWriting)
        #expect(process.status == 0)
        #expect(process.messages == "")
    }

    @Test func interruptKeepsCompleteFilesAndLeavesNoOthers() async throws {
        let folder = try TemporaryDirectory()
        let inputs = try (0..<200).map { index in
            let link = folder.path + "/\(index).flac"
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: Self.speech)
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
