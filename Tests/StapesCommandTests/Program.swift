import Foundation

/// The built `stapes`, run as a user runs it.
struct Program {
    struct Result {
        let status: Int32
        let output: String
        let errors: String
    }

    /// Beside the tests' own binary.
    static let path =
        URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().path + "/stapes"

    static var isBuilt: Bool {
        let isThere = FileManager.default.isExecutableFile(atPath: path)
        if !isThere { print("skipped: \(path) is not built") }
        return isThere
    }

    /// - Parameter cache: value of STAPES_CACHE.
    static func run(_ arguments: [String], cache: String) throws -> Result {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.environment = ["STAPES_CACHE": cache, "HOME": "/nonexistent", "HF_ENDPOINT": "http://127.0.0.1:1"]
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        // Both are short: neither fills its pipe while the other is read.
        let texts = try [output, errors].map {
            String(decoding: try $0.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        }
        process.waitUntilExit()
        return Result(status: process.terminationStatus, output: texts[0], errors: texts[1])
    }
}
