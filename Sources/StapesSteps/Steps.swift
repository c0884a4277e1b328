import StapesDevice
import StapesEngine

/// A fixed amount of an engine's work on one thread and nothing else, for counting its instructions:
///
///     StapesSteps encode|decode COUNT ROWS TYPE LEVEL
///
/// It has a main thread that stays: valgrind does not survive one that makes room for the concurrency runtime.
@main
enum Steps {
    static func main() throws {
        let words = Array(CommandLine.arguments.dropFirst())
        guard words.count == 5, let count = Int(words[1]), let rows = Int(words[2]), count >= 0, rows > 0,
            let type = ComputeType(rawValue: words[3]), let level = CPULevel(rawValue: words[4])
        else { throw UsageError() }
        let steps = try FixedSteps(rows: rows, computeType: type, level: level)
        switch words[0] {
        case "encode": try steps.encode(windows: count)
        case "decode": try steps.decode(steps: count)
        default: throw UsageError()
        }
    }
}

private struct UsageError: Error, CustomStringConvertible {
    let description = "usage: StapesSteps encode|decode COUNT ROWS TYPE LEVEL"
}
