import StapesCommand
import StapesFormats
import StapesTesting
import Testing

@Suite struct OutputPlanTests {
    @Test func withoutOutputDirTextGoesToStandardOutput() throws {
        #expect(try OutputPlan(outputDir: nil, formats: nil) == .text)
        #expect(try OutputPlan(outputDir: nil, formats: [.srt]) == .stream(.srt))
        #expect(try OutputPlan(outputDir: "-", formats: nil) == .stream(.txt))
    }

    @Test func folderGetsWhispersFormatsUnlessSomeAreNamed() throws {
        #expect(
            try OutputPlan(outputDir: "d", formats: nil)
                == .files(folder: "d", formats: [.txt, .vtt, .srt, .tsv, .json]))
        #expect(try OutputPlan(outputDir: "d", formats: [.vtt]) == .files(folder: "d", formats: [.vtt]))
    }

    @Test(arguments: [nil, "-"])
    func severalFormatsOnStandardOutputAreAUsageError(_ outputDir: String?) {
        let error = #expect(throws: CommandError.self) { try OutputPlan(outputDir: outputDir, formats: [.srt, .txt]) }
        #expect(error?.code == .usage)
    }

    @Test func twoInputsWithOneBaseAreAUsageError() throws {
        let inputs = [Input(.file(path: "a/talk.mp3")), Input(.file(path: "b/talk.wav"))]
        let plan = try OutputPlan(outputDir: "d", formats: [.srt])
        let error = #expect(throws: CommandError.self) { try plan.checkCollisions(of: inputs) }
        #expect(error?.exitStatus == .usage)
        #expect(error?.message == "a/talk.mp3 and b/talk.wav would both be written to d/talk.srt")
        try OutputPlan.text.checkCollisions(of: inputs)
    }

    @Test func resultOverAnInputIsAUsageError() throws {
        let folder = try TemporaryDirectory()
        let input = Input(.file(path: try folder.write("x", to: "talk.txt")))
        let error = #expect(throws: CommandError.self) {
            try OutputPlan(outputDir: folder.path + "/.", formats: [.txt]).checkCollisions(of: [input])
        }
        #expect(error?.exitStatus == .usage)
    }

    @Test func prepareCreatesFoldersAndLeavesThemEmpty() throws {
        let folder = try TemporaryDirectory()
        try OutputPlan(outputDir: folder.path + "/a/b/", formats: nil).prepare(for: [])
        #expect(try folder.names("a/b") == [])
    }

    @Test func fileInPlaceOfTheFolderIsRefused() throws {
        let folder = try TemporaryDirectory()
        let file = try folder.write("x", to: "out")
        for path in [file, file + "/deeper"] {
            let error = #expect(throws: CommandError.self) {
                try OutputPlan(outputDir: path, formats: nil).prepare(for: [])
            }
            #expect(error?.message == "\(file): is not a folder")
            #expect(error?.exitStatus == .failure)
        }
    }

    @Test func folderThatTakesNoFilesIsRefused() throws {
        let error = #expect(throws: CommandError.self) {
            try OutputPlan(outputDir: "/proc/self", formats: nil).prepare(for: [])
        }
        #expect(error?.message.hasPrefix("/proc/self: ") == true)
        #expect(Interrupts.shared.temporaryFileCount == 0)
    }

    @Test func inputIsFinishedWhenEveryResultIsAFile() throws {
        let folder = try TemporaryDirectory()
        for name in ["a.srt", "a.json", "b.srt", "c.srt", "c.json/x", "stdin.srt", "stdin.json"] {
            _ = try folder.write("", to: name)
        }
        let inputs = ["a", "b", "c", "d"].map { Input(.file(path: "talks/\($0).mp3")) } + [Input(.standardInput)]
        let plan = try OutputPlan(outputDir: folder.path, formats: [.srt, .json])
        #expect(try plan.unfinished(inputs) == Array(inputs.dropFirst()))
    }

    @Test(arguments: [OutputPlan.text, .stream(.srt)])
    func skippingWithoutAFolderIsAUsageError(_ plan: OutputPlan) {
        let error = #expect(throws: CommandError.self) { try plan.unfinished([]) }
        #expect(error?.exitStatus == .usage)
        #expect(error?.message == "--skip-existing needs --output-dir with a folder")
    }

    @Test func folderWithTheNameOfAResultIsRefused() throws {
        let folder = try TemporaryDirectory()
        try folder.write("x", to: "talk.srt/x")
        let error = #expect(throws: CommandError.self) {
            try OutputPlan(outputDir: folder.path, formats: [.srt]).prepare(for: [Input(.file(path: "talk.mp3"))])
        }
        #expect(error?.code == .output)
    }
}
