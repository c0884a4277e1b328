import Glibc

extension Console {
    /// The process's own standard output and error.
    static func process(progress: ProgressChoice = .never, quiet: Bool = false) -> Console {
        let messagesAreTerminal = isatty(STDERR_FILENO) == 1
        let showsProgress =
            switch progress {
            case .always: true
            case .never: false
            case .auto: messagesAreTerminal && !quiet
            }
        return Console(
            outputIsTerminal: isatty(STDOUT_FILENO) == 1, showsProgress: showsProgress, showsWarnings: !quiet,
            columns: columns(), onOutputFailure: leave)
    }

    /// Nobody takes the result, so nothing is left to do. A reader that has gone, as `head` does, has what it wanted;
    /// anything else, a full disk above all, is an error.
    private static func leave(cause: Int32) {
        if cause == EPIPE { Interrupts.shared.leave(.success) }
        _ = Descriptor.write("stapes: standard output: \(systemMessage(cause))\n", to: STDERR_FILENO)
        Interrupts.shared.leave(.failure)
    }

    private static func columns() -> Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }
}
