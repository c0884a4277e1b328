import ArgumentParser

/// What is said beside the result.
struct ConsoleFlags: ParsableArguments {
    @Flag(help: "Say more: the engine, each file's language and speed, and the text also where files are written.")
    var verbose = false

    @Flag(help: "Say nothing but errors and the result.")
    var quiet = false

    @Option(
        help: ArgumentHelp(
            "Progress on standard error: auto shows it when that is a terminal.", valueName: "when"))
    var progress: ProgressChoice = .auto

    func validate() throws {
        if verbose, quiet { throw ValidationError("--verbose and --quiet exclude each other") }
        if quiet, progress == .always { throw ValidationError("--quiet and --progress always exclude each other") }
    }
}

enum ProgressChoice: String, ExpressibleByArgument, CaseIterable {
    case auto, always, never
}
