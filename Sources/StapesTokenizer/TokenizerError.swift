/// Why a tokenizer could not be made from a model's files.
package struct TokenizerError: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable, Hashable {
        /// No tokenizer file in the directory.
        case missingFile
        /// The file is there and cannot be read.
        case unreadable
        /// The file's text is not what its format says.
        case malformed
        /// The file reads well, but its tokens do not fit together or do not fit the model.
        case inconsistent
    }

    package let code: Code
    /// One line that names the file and the cause.
    package let message: String
    package let cause: (any Error)?

    package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    package var description: String { message }
}
