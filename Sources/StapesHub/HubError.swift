/// What went wrong between a model's name and its directory.
package struct HubError: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable, Hashable {
        /// The reference is neither a path, a known name nor a hub id.
        case invalidReference
        /// A bare name that stands for no model; the message suggests the nearest.
        case unknownModel
        /// A known model or hub id that is not in the cache.
        case notInstalled
        /// The directory is there, but files are missing.
        case incomplete
        /// A download was asked for while offline.
        case offline
        /// No connection to the host: name, route, port or TLS.
        case unreachable
        /// No answer within the connect time-out, or no bytes within the stall time-out.
        case timedOut
        /// The connection ended before the body did.
        case interrupted
        /// The hub knows no such repository, revision or file.
        case notFound
        /// The hub wants a token, or refuses the one it got.
        case unauthorized
        /// Another status the hub should not answer with.
        case httpStatus
        /// An answer that does not have the form the hub documents.
        case badResponse
        /// Size or hash is not what the hub or the manifest says.
        case contentMismatch
        /// The repository holds no weights or no tokenizer that can be read.
        case unsupportedRepository
        /// Another process holds the model's lock.
        case busy
        /// The disk has no room for the model.
        case noSpace
        /// Any other failure of a file operation.
        case fileSystem
        /// The task was cancelled.
        case cancelled
    }

    package let code: Code
    /// One line that names the file or host and the cause.
    package let message: String
    package let cause: (any Error)?

    package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    package var description: String { message }
}
