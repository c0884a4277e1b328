import Dispatch
import Glibc
import Synchronization

/// Leaves the process in order when it has to stop at once: on Ctrl-C, on SIGTERM, or when nobody takes the output.
/// Results that are complete stay, half-written temporary files go.
package final class Interrupts: Sendable {
    package static let shared = Interrupts()

    private let temporaryFiles = Mutex<Set<String>>([])
    /// What a first signal does instead of ending the process.
    private let orderlyEnd = Mutex<(@Sendable () -> Void)?>(nil)

    package init() {}

    func remember(temporaryFile path: String) {
        temporaryFiles.withLock { _ = $0.insert(path) }
    }

    func forget(temporaryFile path: String) {
        temporaryFiles.withLock { _ = $0.remove(path) }
    }

    func remove(temporaryFile path: String) {
        temporaryFiles.withLock {
            if unlink(path) != 0 { rmdir(path) }
            $0.remove(path)
        }
    }

    /// From now on the first signal asks for an end in order; the second one still ends the process at once.
    package func handOver(_ end: @escaping @Sendable () -> Void) { orderlyEnd.withLock { $0 = end } }

    package var temporaryFileCount: Int { temporaryFiles.withLock { $0.count } }

    /// Takes over SIGINT and SIGTERM, and makes writing to a closed pipe an ordinary error.
    func install() {
        signal(SIGPIPE, SIG_IGN)
        for (number, status) in [(SIGINT, ExitStatus.interrupted), (SIGTERM, .terminated)] {
            // The default action would come before the source's; ignored signals still reach the source.
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                if let end = self.takeOrderlyEnd() {
                    end()
                    return
                }
                // Naming the source here keeps it alive.
                source.suspend()
                // Leaves the line of the progress bar. No lock is taken: whoever holds the console may be stuck in a
                // write.
                if isatty(STDERR_FILENO) == 1 { _ = Descriptor.write("\n", to: STDERR_FILENO) }
                self.leave(status)
            }
            source.activate()
        }
    }

    private func takeOrderlyEnd() -> (@Sendable () -> Void)? {
        orderlyEnd.withLock { end in
            defer { end = nil }
            return end
        }
    }

    /// Removes temporary files and ends the process without waiting for the work that is under way. The lock is kept,
    /// so that no further file appears.
    func leave(_ status: ExitStatus) -> Never {
        temporaryFiles.withLock { paths -> Never in
            for path in paths { unlink(path) }
            // What is left are folders, which are empty now.
            for path in paths { rmdir(path) }
            _exit(status.rawValue)
        }
    }
}
