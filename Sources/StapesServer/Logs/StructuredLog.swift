import FoundationEssentials
import Glibc
import Logging
import Synchronization

/// Writes log lines to standard error: for people, `time level message key=value`, or for machines one JSON object each.
package struct StructuredLog: LogHandler {
    package enum Form: String, Sendable, CaseIterable {
        case text
        case json
    }

    package var logLevel: Logger.Level = .info
    package var metadata: Logger.Metadata = [:]
    private let label: String
    private let form: Form
    private let write: @Sendable (String) -> Void

    package init(label: String, form: Form, write: @escaping @Sendable (String) -> Void = Self.toStandardError) {
        self.label = label
        self.form = form
        self.write = write
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var fields = metadata
        if let extra = event.metadata { fields.merge(extra) { $1 } }
        let pairs = fields.sorted { $0.key < $1.key }.map { ($0.key, "\($0.value)") }
        let time = Date.now.formatted(.iso8601.time(includingFractionalSeconds: true))
        var line = ""
        switch form {
        case .text:
            line = "\(time) \(event.level) \(Self.plain("\(event.message)"))"
            for (key, value) in pairs { line += " \(key)=\(Self.quotedIfNeeded(value))" }
        case .json:
            let head = [("time", time), ("level", "\(event.level)"), ("message", "\(event.message)")]
            line = "{" + (head + pairs).map { "\(Self.quoted($0)):\(Self.quoted($1))" }.joined(separator: ",") + "}"
        }
        write(line + "\n")
    }

    /// One call a line, so that lines of several threads do not mix.
    package static let toStandardError: @Sendable (String) -> Void = { line in
        var line = line
        line.withUTF8 { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Glibc.write(STDERR_FILENO, UnsafeBufferPointer(rebasing: rest).baseAddress, rest.count)
                // Nobody can be told that there is nobody to tell.
                guard count > 0 else { return }
                rest = rest.dropFirst(count)
            }
        }
    }

    private static func quotedIfNeeded(_ text: String) -> String {
        let isPlain = !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x22 && $0 != 0x3D && $0 != 0x5C }
        return isPlain ? plain(text) : quoted(text)
    }

    /// A client's text begins no line of its own.
    private static func plain(_ text: String) -> String {
        text.unicodeScalars.contains(where: isControl) ? quoted(text) : text
    }

    /// Both sets: terminals act on the second one as well.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || 0x7F...0x9F ~= scalar.value
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where isControl(scalar):
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
