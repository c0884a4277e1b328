import StapesCommand
import StapesTesting
import Testing

@Suite struct InputTests {
    @Test(arguments: [
        ("a/talk.mp3", "talk"), ("talk.tar.gz", "talk.tar"), ("noextension", "noextension"), ("a.b/c", "c"),
        (".hidden", ".hidden"), ("dot.", "dot"), ("/x/..wav", "..wav"),
    ])
    func baseIsNameWithoutLastExtension(_ path: String, _ base: String) {
        #expect(Input(.file(path: path)).base == base)
    }

    @Test func folderGivesItsAudioFilesSorted() throws {
        let folder = try TemporaryDirectory()
        for name in ["b.wav", "a.MP3", "notes.txt", ".hidden.wav", "deep/c.wav"] { try folder.write("x", to: name) }
        let expansion = try InputExpansion([folder.path])
        #expect(expansion.inputs.map(\.name) == [folder.path + "/a.MP3", folder.path + "/b.wav"])
        #expect(expansion.failures.isEmpty)
    }

    @Test func patternThatTheShellLeftIsExpanded() throws {
        let folder = try TemporaryDirectory()
        for name in ["b.wav", "a.wav", "c.flac"] { try folder.write("x", to: name) }
        let expansion = try InputExpansion([folder.path + "/*.wav"])
        #expect(expansion.inputs.map(\.base) == ["a", "b"])
    }

    @Test func fileWhoseNameLooksLikeAPatternIsTakenAsItIs() throws {
        let folder = try TemporaryDirectory()
        try folder.write("x", to: "a.wav")
        let file = try folder.write("x", to: "[a].wav")
        #expect(try InputExpansion([file]).inputs.map(\.name) == [file])
    }

    @Test func whatLeadsToNothingIsReportedAndTheRestStays() throws {
        let folder = try TemporaryDirectory()
        let file = try folder.write("x", to: "a.wav")
        try folder.write("x", to: "empty/readme.txt")
        let expansion = try InputExpansion([
            folder.path + "/missing.wav", file, folder.path + "/*.ogg", folder.path + "/empty", "-",
        ])
        #expect(expansion.inputs == [Input(.file(path: file)), Input(.standardInput)])
        #expect(
            expansion.failures.map(\.cause) == [
                "no such file or directory", "no file matches", "the folder holds no audio files",
            ])
    }

    @Test func standardInputTwiceIsAUsageError() {
        let error = #expect(throws: CommandError.self) { try InputExpansion(["-", "-"]) }
        #expect(error?.exitStatus == .usage)
    }
}
