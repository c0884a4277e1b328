import Foundation
import StapesTesting

/// The program itself, as `swift build` left it beside the tests.
struct StapesProcess {
    static let path: String = {
        let runner = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        let folders = [runner, CommandLine.arguments[0]].map { URL(filePath: $0).deletingLastPathComponent().path }
        return folders.map { $0 + "/stapes" }.first { FileManager.default.isExecutableFile(atPath: $0) }
            ?? folders[1] + "/stapes"
    }()

    /// Negative: the signal that ended it.
    let status: Int32
    let output: String
    let messages: String

    /// Runs to the end, or to the Ctrl-C that comes as soon as `interruptWhen` says so.
    ///
    /// - Parameters:
    ///   - output: a path for standard output, which is read back when there is none.
    ///   - standardOutput: an open file in its place.
    static func run(
        _ arguments: [String], environment: [String: String] = [:], output: String? = nil,
        standardOutput: FileHandle? = nil, interruptWhen: () -> Bool = { false }
    ) async throws -> StapesProcess {
        let folder = try TemporaryDirectory()
        let outputPath = try output ?? folder.write("", to: "output")
        let messagesPath = try folder.write("", to: "messages")
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = standardOutput ?? FileHandle(forWritingAtPath: outputPath)
        process.standardError = FileHandle(forWritingAtPath: messagesPath)
        try process.run()
        var isInterrupted = false
        while process.isRunning {
            if !isInterrupted, interruptWhen() {
                process.interrupt()
                isInterrupted = true
            }
            try await Task.sleep(for: .milliseconds(5))
        }
        return StapesProcess(
            status: process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus,
            output: folder.text("output") ?? "",
            messages: folder.text("messages") ?? "")
    }
}
