import Glibc
import StapesCommand
import StapesTesting
import Synchronization

/// A console that writes into files, to be read afterwards.
final class RecordedConsole: Sendable {
    let console: Console
    private let folder: TemporaryDirectory
    private let descriptors: [Int32]
    private let failures: FailureList

    private final class FailureList: Sendable {
        let causes = Mutex<[Int32]>([])
    }

    init(
        outputIsTerminal: Bool = false, showsProgress: Bool = false, showsWarnings: Bool = true,
        outputPath: String? = nil
    ) throws {
        folder = try TemporaryDirectory()
        let output = open(outputPath ?? folder.path + "/output", O_WRONLY | O_CREAT, 0o600)
        let messages = open(folder.path + "/messages", O_WRONLY | O_CREAT, 0o600)
        descriptors = [output, messages]
        let failures = FailureList()
        self.failures = failures
        console = Console(
            output: output, messages: messages, outputIsTerminal: outputIsTerminal, showsProgress: showsProgress,
            showsWarnings: showsWarnings, onOutputFailure: { cause in failures.causes.withLock { $0.append(cause) } })
    }

    deinit {
        for descriptor in descriptors { close(descriptor) }
    }

    var output: String { folder.text("output") ?? "" }
    var messages: String { folder.text("messages") ?? "" }
    var outputFailures: [Int32] { failures.causes.withLock { $0 } }
}
