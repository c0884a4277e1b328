import ArgumentParser
import StapesHub

struct VerifyModel: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Hash a model's files again and compare them with what was pulled.",
        discussion:
            "For a model without a manifest, its completeness is checked and the hash of the weights is printed."
    )

    @OptionGroup var options: StoreFlags
    @Argument(help: "A name, hub id, folder or ggml file.")
    var model: String

    func run() throws {
        let console = Console.process()
        let result = try options.store.verify(model)
        for file in result.files {
            console.result("\(Self.word(file.outcome))  \(file.sha256 ?? "-")  \(file.name)\n")
        }
        if !result.isSound {
            throw HubError(.contentMismatch, "'\(result.path)' is not sound: pull it again with --force")
        }
    }

    private static func word(_ outcome: Verification.Outcome) -> String {
        switch outcome {
        case .matches: "ok       "
        case .differs: "differs  "
        case .missing: "missing  "
        case .unlisted: "unlisted "
        }
    }
}
