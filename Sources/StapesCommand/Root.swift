import ArgumentParser

/// The command `stapes` with everything below it.
package struct Root: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "stapes",
        abstract: "Speech recognition with Whisper models.",
        discussion: """
            The short form is stapes <file> ..., which transcribes: see 'stapes transcribe --help'.
            'stapes translate <file> ...' is 'stapes transcribe --translate <file> ...'.
            The snake_case spelling of whisper's options, and True or False after a switch, are understood too.
            """,
        version: "stapes \(Version.current)",
        subcommands: subcommands, defaultSubcommand: Transcribe.self)

    private static var subcommands: [any ParsableCommand.Type] {
        #if Server
            [Transcribe.self, DetectLanguage.self, Serve.self, Bench.self, Models.self, Doctor.self]
        #else
            [Transcribe.self, DetectLanguage.self, Bench.self, Models.self, Doctor.self]
        #endif
    }

    package init() {}
}
