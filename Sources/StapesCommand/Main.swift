import ArgumentParser
import FoundationEssentials
import Glibc

@main
enum Main {
    static func main() async {
        Descriptor.occupyStandardNumbers()
        Interrupts.shared.install()
        let status = await run(Array(CommandLine.arguments.dropFirst()))
        exit(status)
    }

    /// - Returns: the exit status.
    private static func run(_ arguments: [String]) async -> Int32 {
        do {
            let rewritten = try ServeSettings.expand(
                ArgumentRewrite.rewrite(arguments), environment: ProcessInfo.processInfo.environment)
            var command = try Root.parseAsRoot(rewritten)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            return ExitStatus.success.rawValue
        } catch {
            let ending = CommandEnding(error)
            let console = Console.process()
            switch ending.message {
            case .none: break
            case .answer(let text): console.result(text)
            case .error(let text): console.error(text)
            }
            return ending.exitStatus
        }
    }
}
