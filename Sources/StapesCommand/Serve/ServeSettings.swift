import FoundationEssentials

/// Options of `serve` that come from a file or the environment instead of the command line.
///
/// They are put in front of what was typed. An option that is typed counts as it is typed, one in the environment counts
/// instead of the file's: a switch that the file turns on would stay on otherwise, and lists would be joined.
package enum ServeSettings {
    /// Options that are given without a value.
    package static let switches: Set<String> = [
        "allow-public", "deterministic", "disable-cuda-graph", "disable-cuda-graph-padding", "offline",
    ]

    /// Options that take one.
    package static let valued: Set<String> = [
        "api-key", "api-key-file", "attention-backend", "batch-size", "cache-size", "compute-type", "config",
        "cuda-graph-bs", "cuda-graph-max-bs", "decode-attention-backend", "decode-graph", "device", "drain-seconds",
        "head-timeout", "host", "idle-timeout", "log-format", "log-level", "log-mel", "look-ahead",
        "max-audio-memory", "max-audio-seconds", "max-connections", "max-queue", "max-realtime-sessions",
        "max-requests",
        "max-spool-size", "max-upload-size", "max-uploads", "model", "model-dir", "port", "prefill-attention-backend",
        "realtime-idle-timeout", "request-timeout", "served-model-name", "spool-dir", "threads",
    ]

    private static var options: Set<String> { switches.union(valued) }

    /// - Parameter arguments: of the whole command line, rewritten; those of other commands pass as they are.
    /// - Throws: `CommandError.Code.usage` or `input`.
    package static func expand(
        _ arguments: [String], environment: [String: String]
    ) throws(CommandError) -> [String] {
        guard arguments.first == "serve", !arguments.contains("--help"), !arguments.contains("-h") else {
            return arguments
        }
        let typed = Array(arguments.dropFirst())
        // In a fixed order, whatever the environment's is.
        let variables = options.subtracting(["config"]).sorted().compactMap { name in
            set(name, environment).map { (name: name, value: $0) }
        }
        var lines: [(name: String, value: String)] = []
        if let path = file(typed, environment) {
            let names = Set(variables.map(\.name))
            lines = try read(path).filter { !names.contains($0.name) }
        }
        lines += variables
        let typedNames = Set(typed.filter { $0.hasPrefix("--") }.map { $0.dropFirst(2).prefix { $0 != "=" } })
        var expanded = ["serve"]
        for (name, value) in lines where !typedNames.contains(name[...]) {
            expanded += try argument(name, value)
        }
        return expanded + typed
    }

    /// `max-queue` -> `STAPES_MAX_QUEUE`
    package static func variable(_ name: String) -> String {
        "STAPES_" + name.uppercased().replacing("-", with: "_")
    }

    private static func file(_ typed: [String], _ environment: [String: String]) -> String? {
        for (index, argument) in typed.enumerated() {
            if argument == "--config", index + 1 < typed.count { return typed[index + 1] }
            if argument.hasPrefix("--config=") { return String(argument.dropFirst("--config=".count)) }
        }
        return set("config", environment)
    }

    /// The environment's value of an option. An empty one is none.
    private static func set(_ name: String, _ environment: [String: String]) -> String? {
        environment[variable(name)].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Lines of `name = value`; what follows a `#` at a line's beginning is a comment.
    private static func read(_ path: String) throws(CommandError) -> [(name: String, value: String)] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw CommandError(.input, "\(path): cannot be read")
        }
        var lines: [(name: String, value: String)] = []
        let text = String(decoding: data, as: UTF8.self)
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let line = line.trimmingCharacters(in: .whitespaces)
            if line.isEmpty || line.hasPrefix("#") { continue }
            let parts = line.split(separator: "=", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
            guard parts.count == 2 else {
                throw CommandError(.input, "\(path): line \(index + 1) is no 'name = value'")
            }
            let name = parts[0].replacing("_", with: "-")
            guard options.contains(name), name != "config" else {
                throw CommandError(.input, "\(path): line \(index + 1): serve has no option '\(parts[0])'")
            }
            let isQuoted = parts[1].count >= 2 && parts[1].hasPrefix("\"") && parts[1].hasSuffix("\"")
            lines.append((name, isQuoted ? String(parts[1].dropFirst().dropLast()) : parts[1]))
        }
        return lines
    }

    private static func argument(_ name: String, _ value: String) throws(CommandError) -> [String] {
        guard switches.contains(name) else { return ["--\(name)=\(value)"] }
        switch value.lowercased() {
        case "true", "yes", "on", "1": return ["--\(name)"]
        case "false", "no", "off", "0": return []
        default: throw CommandError(.usage, "'\(value)' is no value for \(name); give true or false")
        }
    }
}
