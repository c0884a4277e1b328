import ArgumentParser
import StapesDecoding
import StapesHub

/// How the process ends after an error, or after a question such as `--help` that the parser reports as one.
package struct CommandEnding: Sendable, Hashable {
    package enum Message: Sendable, Hashable {
        case none
        /// For standard output.
        case answer(String)
        /// One line for standard error.
        case error(String)
    }

    package let message: Message
    package let exitStatus: Int32

    package init(_ error: any Error) {
        if let error = error as? CommandError ?? (error as? HubError).map(CommandError.init) {
            message = .error(error.message)
            exitStatus = error.exitStatus.rawValue
        } else if let code = error as? ExitCode {
            message = .none
            exitStatus = code.rawValue
        } else if Root.exitCode(for: error) == .success {
            message = .answer(Root.fullMessage(for: error) + "\n")
            exitStatus = ExitStatus.success.rawValue
        } else if Root.exitCode(for: error) == .validationFailure {
            let words = Self.oneLine(Root.message(for: error))
            message = .error("\(words); see 'stapes --help'")
            exitStatus = ExitStatus.usage.rawValue
        } else {
            message = .error(Self.oneLine("\(error)"))
            exitStatus = ExitStatus.failure.rawValue
        }
    }

    /// The parser's sentence in our form: one line, lower-case start, no full stop.
    private static func oneLine(_ text: String) -> String {
        let words = text.split(whereSeparator: \.isNewline).map { String($0).strippingWhitespace() }
        var line = words.filter { !$0.isEmpty }.joined(separator: "; ")
        if line.hasSuffix(".") { line.removeLast() }
        return line.prefix(1).lowercased() + line.dropFirst()
    }
}
