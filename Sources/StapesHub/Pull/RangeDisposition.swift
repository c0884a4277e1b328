/// What a response to a request for the rest of a file means.
enum RangeDisposition: Sendable, Hashable {
    /// The body continues the bytes that are there.
    case append
    /// The body is the whole file.
    case wholeFile
    /// The answer does not fit the bytes that are there: drop them and ask anew.
    case startOver
    /// The host cannot now: ask again later.
    case tryLater
    /// Asking again will not help.
    case refused

    /// - Parameters:
    ///   - offset: bytes that are there; the request asked for those after.
    ///   - byteCount: size of the whole file.
    init(_ head: HTTPHead, offset: Int, byteCount: Int) {
        switch head.status {
        case 200: self = .wholeFile
        case 206:
            let range = ContentRange(head["content-range"] ?? "")
            let fits = range?.first == offset && (range?.total ?? byteCount) == byteCount
            self = fits ? .append : .startOver
        case 416: self = .startOver
        case 408, 425, 429, 500, 502, 503, 504: self = .tryLater
        default: self = .refused
        }
    }
}
