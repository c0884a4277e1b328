import ArgumentParser

/// `stapes bench`: measurements.
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure error rates and speed.",
        subcommands: [
            BenchWER.self, BenchTranscribe.self, BenchEncode.self, BenchDecode.self, BenchProfile.self,
            BenchForced.self,
            BenchInvariants.self,
            BenchServe.self,
        ])
}
