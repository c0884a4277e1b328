/// What went wrong with a model's files.
package struct ModelError: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable, Hashable {
        /// A file or directory that the checkpoint needs is not there.
        case missingFile
        /// The operating system refused to open, map or read it.
        case unreadableFile
        /// The file ends before what its header promises.
        case truncatedFile
        /// The bytes contradict the format: bad JSON, overlapping or overflowing ranges, absurd sizes.
        case malformedFile
        /// The format is known, this version of it is not.
        case unsupportedVersion
        /// A weight is stored in an element type that is not read.
        case unsupportedElementType
        /// The checkpoint holds another kind of model, or a variant of Whisper that is not run.
        case notWhisper
        /// A size in the configuration is outside what a Whisper model can have.
        case invalidConfiguration
        /// A weight that the configuration calls for is not in the files.
        case missingTensor
        /// A weight's shape contradicts the configuration.
        case shapeMismatch
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
