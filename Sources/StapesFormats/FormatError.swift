/// A transcript cannot be written as asked.
package struct FormatError: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable, Hashable {
        case unknownFormat
    }

    package let code: Code
    package let message: String
    package let cause: (any Error)?

    package var description: String { message }

    static func unknownFormat(name: String) -> FormatError {
        let known = OutputFormat.allCases.map(\.rawValue).joined(separator: ", ")
        return FormatError(
            code: .unknownFormat,
            message: "unknown output format '\(name)': give \(known), all, or a comma-separated list",
            cause: nil)
    }
}
