/// Decides whether a failed request is made again, and after how long.
struct RetryPolicy: Sendable {
    /// Attached to an error as its cause: how long the host asked to be left alone.
    struct HostDelay: Error {
        let delay: Duration
    }

    /// Failures in a row, without progress, that end it.
    let attempts: Int
    let delay: Duration
    private var failures = 0
    private var largestCount = 0

    init(attempts: Int, delay: Duration) {
        self.attempts = attempts
        self.delay = delay
    }

    /// - Parameter count: bytes there are now; more than ever before counts as progress.
    /// - Returns: how long to wait before the next request.
    /// - Throws: the error itself when there shall be none.
    mutating func pause(after error: HubError, count: Int) throws(HubError) -> Duration {
        guard [.unreachable, .timedOut, .interrupted, .httpStatus].contains(error.code) else { throw error }
        failures = count > largestCount ? 1 : failures + 1
        largestCount = max(largestCount, count)
        if failures >= attempts { throw error }
        let own = delay * (1 << min(failures - 1, 4))
        return max(own, (error.cause as? HostDelay)?.delay ?? .zero)
    }
}
