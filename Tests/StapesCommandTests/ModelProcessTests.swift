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

    /// Drawn tokens, in two windows of eight seconds.
    @Test func seedNamesTheTextAndShortWindowsReadTheWholeFile() async throws {
        func transcript(_ seed: String) async throws -> String {
            let process = try await StapesProcess.run([
                Self.speech, "-l", "en", "-f", "json", "-o", "-", "--temperature", "0.6", "--seed", seed,
                "--no-fallback", "--audio_context", "400", "--deterministic",
            ])
            #expect(process.status == 0, "\(process.messages)")
            return process.output
        }
        let first = try await transcript("1")
        #expect(try await transcript("1") == first)
        #expect(try await transcript("2") != first)
        let object = try JSONDecoder().decode([String: AnyJSON].self, from: Data(first.utf8))
        let segments = try #require(object["segments"]?.array).compactMap(\.object)
        #expect(segments.allSatisfy { $0["temperature"] == .number(0.6) })
        let seeks = segments.compactMap { if case .number(let seek) = $0["seek"] { seek } else { nil } }
        #expect(Set(seeks).count >= 2 && seeks.allSatisfy { $0 < 1100 })
    }

    @Test func whatTheEngineCountedIsWrittenForMonitoring() async throws {
        let folder = try TemporaryDirectory()
        let path = folder.path + "/stapes.prom"
        let process = try await StapesProcess.run([
            Self.speech, Self.speech, "-l", "en", "-t", "2", "--batch-size", "1", "--metrics", path, "-f", "txt", "-o",
            "-",
        ])
        #expect(process.status == 0, "\(process.messages)")
        let text = try #require(folder.text("stapes.prom"))
        #expect(try folder.names() == ["stapes.prom"])
        let lines = text.split(separator: "\n")
        func value(_ name: String) -> Double? {
            lines.first { $0.hasPrefix(name + " ") }.flatMap { Double($0.dropFirst(name.count + 1)) }
        }
        // The second file is the same one: its window is there.
        #expect(value("stapes_window_lookups_total{result=\"miss\"}") == 1)
        #expect(value("stapes_window_lookups_total{result=\"hit\"}") == 1)
        #expect(value("stapes_graph_replays_total{plane=\"encoder\"}") == 1)
        #expect(value("stapes_graph_replays_total{plane=\"prefill\"}") == 2)
        let replays = try #require(value("stapes_graph_replays_total{plane=\"decode\"}"))
        #expect(replays > 20 && value("stapes_decode_step_seconds_count") == replays)
        #expect(lines.contains("# TYPE stapes_decode_step_seconds histogram"))
        #expect(value("stapes_cross_blocks_used") == 0 && value("stapes_self_pages_used") == 0)
        #expect(try #require(value("stapes_cached_bytes")) > 0)
        #expect(text.hasSuffix("\n"))
    }

    @Test func fileForMonitoringThatCannotBeWrittenIsAnError() async throws {
        let process = try await StapesProcess.run([Self.speech, "-l", "en", "--metrics", "/dev/null/none"])
        #expect(process.status == 1)
        #expect(process.messages.hasPrefix("stapes: /dev/null/none: ") && !process.output.isEmpty)
    }

    @Test func verboseTellsHowTheEngineIsSetUp() async throws {
        let process = try await StapesProcess.run([
            Self.speech, "-l", "en", "--verbose", "--look-ahead", "on", "--cache-size", "0",
            "--cuda-graph-bs",
            "1", "--disable-cuda-graph-padding",
        ])
        #expect(process.status == 0)
        #expect(process.messages.contains("decode graphs of 1 row, "))
        #expect(process.messages.contains("encoder of 1 at a time, look-ahead on, deterministic, 0 B of cache"))
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
