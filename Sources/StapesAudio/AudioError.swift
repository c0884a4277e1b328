/// Audio that could not be turned into samples.
public struct AudioError: Error, Sendable, CustomStringConvertible {
    public enum Code: Sendable, Hashable {
        /// No file at the path.
        case notFound
        /// The path is a directory or another thing without bytes.
        case notAFile
        /// The file exists and cannot be opened or read.
        case unreadable
        /// No bytes at all.
        case empty
        /// No audio format, or one with a broken header.
        case notRecognised
        /// A format that is not let in, such as a playlist.
        case notAccepted
        /// A film or picture without sound.
        case noAudio
        /// The codec is not known or all its data is bad.
        case undecodable
        /// More bytes than `AudioLimits.maximumByteCount`.
        case tooManyBytes
        /// More than `AudioLimits.maximumSeconds`.
        case tooLong
        case outOfMemory
        /// Nobody waits for it any more.
        case cancelled
    }

    public let code: Code
    /// One line that names the source and the cause.
    public let message: String
    public let cause: (any Error)?

    package init(code: Code, message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    public var description: String { message }
}
