import StapesAudio
import StapesEngine
import StapesModel
import StapesTokenizer

/// What the library throws.
public struct StapesError: Error, Sendable, CustomStringConvertible {
    public enum Code: Sendable, Hashable {
        /// The audio cannot be read or decoded; `cause` is an `AudioError`.
        case audio
        /// The model's files are missing or damaged.
        case model
        /// An option that this model or build does not take.
        case invalidOption
        /// A device or backend that is not there.
        case unavailable
        /// Too many requests at once.
        case overloaded
        /// The task was cancelled.
        case cancelled
        /// The engine failed or has stopped.
        case engine
    }

    public let code: Code
    /// One line that names the cause.
    public let message: String
    public let cause: (any Error)?

    package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    public var description: String { message }
}

extension StapesError {
    init(_ error: AudioError) {
        self.init(error.code == .cancelled ? .cancelled : .audio, error.message, cause: error)
    }

    init(_ error: TokenizerError) { self.init(.model, error.message, cause: error) }

    init(_ error: ModelError) { self.init(.model, error.message, cause: error) }

    init(_ error: EngineError) {
        let code: Code =
            switch error.code {
            case .model, .notANumber: .model
            case .unavailable: .unavailable
            case .invalidRequest: .invalidOption
            case .overloaded: .overloaded
            case .cancelled: .cancelled
            case .stopped, .device: .engine
            }
        self.init(code, error.message, cause: error)
    }
}
