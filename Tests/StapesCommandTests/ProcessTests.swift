import StapesCommand
import StapesTesting
import Testing

/// What only the whole program shows, without any model.
@Suite struct ProcessTests {
    private let noModels = ["STAPES_CACHE": "/dev/null/none"]

    @Test func versionGoesToStandardOutput() async throws {
        let process = try await StapesProcess.run(["--version"])
        #expect(process.status == 0)
        #expect(process.output == "stapes \(Version.current)\n")
        #expect(process.messages == "")
    }

    @Test func translateIsExplainedAsTranscription() async throws {
        let process = try await StapesProcess.run(["translate", "--help"])
        #expect(process.status == 0)
        #expect(process.output.contains("'stapes translate' is 'stapes transcribe --translate'"))
    }

    /// Before a model is looked for, and before a folder is made. A machine with 99 GPUs would fail this.
    @Test func deviceThatIsNotThereEndsTheWorkBeforeItBegins() async throws {
        let folder = try TemporaryDirectory()
        let input = try folder.write("", to: "a.wav")
        for device in ["cuda:98", "cuda:0,cuda:98"] {
            let process = try await StapesProcess.run(
                ["transcribe", input, "--device", device, "-o", folder.path + "/out", "-f", "txt"],
                environment: noModels)
            #expect(process.status == 1 && process.output == "")
            #expect(process.messages.hasPrefix("stapes: device '") && process.messages.contains("is not available"))
            #expect(process.messages.filter(\.isNewline).count == 1, "\(process.messages)")
            #expect(try folder.names() == ["a.wav"])
        }
    }

    @Test func doctorTellsTheGateWithoutAModel() async throws {
        let on = try await StapesProcess.run(["doctor"], environment: noModels)
        #expect(on.status == 0)
        #expect(on.output.contains("decode graph       on: "))
        #expect(on.messages == "")
        let off = try await StapesProcess.run(["doctor", "--disable-cuda-graph"], environment: noModels)
        #expect(off.output.contains("decode graph       off: switched off\n"))
    }

    @Test func doctorRefusesGraphsOfABackendWithoutThem() async throws {
        let process = try await StapesProcess.run(
            ["doctor", "--decode-graph", "on", "--attention-backend", "reference"], environment: noModels)
        #expect(process.status == 1)
        #expect(process.output == "")
        #expect(
            process.messages == "stapes: decode graphs cannot be used: the prefill attention backend 'reference' "
                + "cannot capture cross-attention\n")
    }

    @Test func wrongOptionIsOneLineOnStandardErrorAndStatusTwo() async throws {
        let process = try await StapesProcess.run(["--bogus", "a.wav"])
        #expect(process.status == 2)
        #expect(process.output == "")
        #expect(process.messages == "stapes: unknown option '--bogus'; see 'stapes --help'\n")
    }

    @Test(arguments: [
        ["--temperature", "-1"], ["--temperature", "nan"], ["--seed", "-1"], ["--audio-context", "0"],
        ["--audio-context", "1501"], ["--cache-size", "1.5G"], ["--look-ahead", "maybe"], ["--temperature"],
    ])
    func impossibleValueIsOneLineThatNamesItAndStatusTwo(_ arguments: [String]) async throws {
        let process = try await StapesProcess.run(["a.wav"] + arguments, environment: noModels)
        #expect(process.status == 2)
        #expect(process.output == "")
        #expect(process.messages.hasPrefix("stapes: ") && process.messages.contains(arguments[0]))
        #expect(process.messages.contains(arguments.last ?? "") && process.messages.count { $0 == "\n" } == 1)
    }

    @Test func missingModelIsOneLineAndStatusOne() async throws {
        let folder = try TemporaryDirectory()
        let process = try await StapesProcess.run([try folder.write("x", to: "a.wav")], environment: noModels)
        #expect(process.status == 1)
        #expect(process.output == "")
        #expect(process.messages.hasPrefix("stapes: "))
        #expect(process.messages.contains("base"))
        #expect(process.messages.count { $0 == "\n" } == 1)
    }

    @Test func missingFileIsNamedBeforeAnyModelIsLookedFor() async throws {
        let process = try await StapesProcess.run(["/dev/null/a.wav"], environment: noModels)
        #expect(process.status == 1)
        #expect(process.messages == "stapes: /dev/null/a.wav: not a directory\n")
    }

    @Test func inputsWithOneBaseAreRefusedBeforeAnyModelIsLookedFor() async throws {
        let folder = try TemporaryDirectory()
        let inputs = [try folder.write("x", to: "x/a.wav"), try folder.write("x", to: "y/a.mp3")]
        let process = try await StapesProcess.run(inputs + ["-o", folder.path + "/out"], environment: noModels)
        #expect(process.status == 2)
        #expect(try folder.names() == ["x", "y"])
    }

    @Test func outputFolderThatCannotBeIsRefusedBeforeAnyModelIsLookedFor() async throws {
        let folder = try TemporaryDirectory()
        let input = try folder.write("x", to: "a.wav")
        let process = try await StapesProcess.run([input, "-o", input], environment: noModels)
        #expect(process.status == 1)
        #expect(process.messages == "stapes: \(input): is not a folder\n")
    }

    @Test func finishedInputsAreSkippedWithoutAModel() async throws {
        let folder = try TemporaryDirectory()
        let input = try folder.write("x", to: "a.wav")
        _ = try folder.write("", to: "out/a.srt")
        let arguments = [input, "-f", "srt", "-o", folder.path + "/out", "--skip-existing"]
        let process = try await StapesProcess.run(arguments, environment: noModels)
        #expect(process.status == 0)
        #expect(process.output == "")
        #expect(process.messages == "\(input): skipped, its results are there\n")
        #expect(try await StapesProcess.run(arguments + ["--quiet"], environment: noModels).messages == "")
        let withMissing = try await StapesProcess.run(arguments + ["/dev/null/b.wav"], environment: noModels)
        #expect(withMissing.status == 1)
        let toScreen = try await StapesProcess.run([input, "--skip-existing"], environment: noModels)
        #expect(toScreen.status == 2)
    }

    @Test func layoutWithoutWordTimesIsOneLineAndStatusTwo() async throws {
        let process = try await StapesProcess.run(["--max_line_width", "42", "a.wav"])
        #expect(process.status == 2)
        #expect(process.messages == "stapes: --max-line-width requires --word-timestamps; see 'stapes --help'\n")
    }

    @Test func fullDiskIsOneErrorAndStatusOne() async throws {
        let process = try await StapesProcess.run(["--help"], output: "/dev/full")
        #expect(process.status == 1)
        #expect(process.messages == "stapes: standard output: no space left on device\n")
    }
}
