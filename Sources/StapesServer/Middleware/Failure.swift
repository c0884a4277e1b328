import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import Stapes
import StapesAPI
import StapesAudio

/// An error as a client and the log are told of it.
struct Failure {
    private let error: APIError
    /// What is not for the client.
    private let cause: String?
    private let allowed: [String]

    init(_ error: any Error, request: Request, routes: RouteTable) {
        var allowed: [String] = []
        switch error {
        case let error as HTTPError where error.status == .notFound:
            allowed = routes.methods(path: request.uri.path)
            if allowed.isEmpty {
                self.error = APIError(.routeNotFound, "Unknown request URL: \(request.method) \(request.uri.path).")
            } else {
                self.error = APIError(.methodNotAllowed, "\(request.uri.path) does not take \(request.method).")
            }
            cause = nil
        case let error as any HTTPResponseError where error.status.kind == .clientError:
            (self.error, cause) = (APIError(.malformedBody, "The request cannot be read."), "\(error)")
        default:
            self.error = APIError(any: error)
            cause = error is APIError ? nil : "\(error)"
        }
        self.allowed = allowed
    }

    func log(to logger: Logger) {
        let level: Logger.Level = error.code == .internalError ? .error : .info
        var metadata: Logger.Metadata = ["code": "\(error.code.rawValue)"]
        if let cause { metadata["cause"] = "\(cause)" }
        logger.log(level: level, "\(error.message)", metadata: metadata)
    }

    var response: Response {
        var response = Response(
            status: .init(code: error.status), headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: ErrorBody.json(error))))
        if let seconds = error.retryAfterSeconds { response.headers[.retryAfter] = "\(seconds)" }
        if let shouldRetry = error.shouldRetry { response.headers[.init("x-should-retry")!] = "\(shouldRetry)" }
        if !allowed.isEmpty { response.headers[.allow] = allowed.joined(separator: ", ") }
        if error.code == .invalidKey { response.headers[.wwwAuthenticate] = "Bearer" }
        return response
    }
}

extension APIError {
    /// What a client is told of an error, whatever it is.
    init(any error: any Error) {
        switch error {
        case let error as APIError: self = error
        case let error as StapesError: self.init(error)
        // However a connection ends in the middle of a body.
        case is ChannelError, is IOError, HTTPParserError.invalidEOFState, is ClientGone:
            self.init(.requestTimeout, "The client has left.")
        case is HTTPParserError: self.init(.malformedBody, "The request cannot be read.")
        case is CancellationError: self.init(.unavailable, "The server is about to end.")
        default: self.init(.internalError, "An internal error occurred.")
        }
    }

    /// What the library complains of, for somebody who knows a form and not the library.
    init(_ error: StapesError) {
        switch error.code {
        case .audio: self.init(audio: error)
        case .invalidOption: self.init(.invalidValue, error.message.withoutPath)
        case .overloaded: self.init(.queueFull, "Too many requests are waiting; try again later.")
        case .cancelled: self.init(.unavailable, "The request was cancelled.")
        case .unavailable, .model, .engine: self.init(.internalError, "An internal error occurred.")
        }
    }

    private init(audio error: StapesError) {
        switch (error.cause as? AudioError)?.code {
        case .empty: self.init(.audioTooShort, "The audio file is empty.", parameter: "file")
        case .tooLong: self.init(.audioTooLong, error.message.withoutPath, parameter: "file")
        case .tooManyBytes: self.init(.bodyTooLarge, error.message.withoutPath, parameter: "file")
        case .outOfMemory: self.init(.unavailable, "There is no memory for the audio; try again later.")
        case .notFound, .notAFile, .unreadable: self.init(.internalError, "An internal error occurred.")
        default: self.init(.audioDecodeError, error.message.withoutPath, parameter: "file")
        }
    }
}

extension String {
    /// The name of the spool's file says nothing to a client.
    fileprivate var withoutPath: String {
        guard let start = range(of: "/proc/self/fd/")?.lowerBound else { return self }
        let end = self[start...].firstIndex { $0 == ":" || $0 == " " || $0 == "'" } ?? endIndex
        return replacingCharacters(in: start..<end, with: "the upload")
    }
}
