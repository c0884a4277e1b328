#if Downloads
    import Foundation
    import FoundationNetworking

    /// GET with redirects, time-outs and a token that stays with its host.
    final class HTTPClient: Sendable {
        /// More than the hub needs (at most three); a loop ends soon.
        static let maximumRedirects = 8

        private let router = HTTPRouter()
        private let session: URLSession
        private let timeouts: PullTimeouts
        private let token: String?
        private let tokenOrigin: Origin?

        /// - Parameter tokenOrigin: the only scheme, host and port the token is sent to.
        init(timeouts: PullTimeouts, token: String?, tokenOrigin: Origin?) {
            let configuration = URLSessionConfiguration.ephemeral
            configuration.urlCache = nil
            configuration.httpCookieStorage = nil
            configuration.httpShouldSetCookies = false
            // HTTPExchange watches the time, finer than whole seconds; this one must not come first.
            configuration.timeoutIntervalForRequest = 24 * 3600
            session = URLSession(configuration: configuration, delegate: router, delegateQueue: BoundedQueue())
            self.timeouts = timeouts
            self.token = token
            self.tokenOrigin = tokenOrigin
        }

        deinit {
            session.finishTasksAndInvalidate()
        }

        /// - Returns: the head of the last response; its body went to the receiver.
        /// - Throws: `unreachable`, `timedOut`, `interrupted`, `badResponse`, `cancelled`, and what the receiver throws.
        func get(_ address: URL, headers: [String: String], into receiver: some HTTPReceiver) async throws(HubError)
            -> HTTPHead
        {
            var url = address
            for _ in 0...Self.maximumRedirects {
                let exchange = HTTPExchange(receiver: receiver, timeouts: timeouts, place: url.publicDescription)
                let task = session.dataTask(with: request(url, headers: headers))
                router.add(exchange, for: task)
                defer { router.remove(task) }
                let head = try await exchange.run(task).get()
                guard head.isRedirect else { return head }
                url = try target(of: head, from: url)
            }
            throw HubError(.badResponse, "\(address.publicDescription) redirects in a circle")
        }

        private func request(_ url: URL, headers: [String: String]) -> URLRequest {
            var request = URLRequest(url: url)
            request.setValue("stapes", forHTTPHeaderField: "User-Agent")
            // Ranges and sizes are those of the file, not of a compressed form.
            request.setValue("identity", forHTTPHeaderField: "Accept-Encoding")
            for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
            if let token, let tokenOrigin, Origin(url) == tokenOrigin {
                request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization")
            }
            return request
        }

        private func target(of head: HTTPHead, from url: URL) throws(HubError) -> URL {
            guard let location = head["location"], let next = URL(string: location, relativeTo: url)?.absoluteURL,
                let origin = Origin(next)
            else { throw HubError(.badResponse, "\(url.publicDescription) redirects to no usable address") }
            if origin.scheme == "http" && url.scheme == "https" {
                throw HubError(.badResponse, "\(url.publicDescription) redirects to an address that is not secure")
            }
            return next
        }
    }
#else
    import Foundation

    /// Stands in where no HTTP client is built in.
    struct HTTPClient: Sendable {
        init(timeouts: PullTimeouts, token: String?, tokenOrigin: Origin?) {}

        /// - Throws: `unreachable`.
        func get(_ address: URL, headers: [String: String], into receiver: some HTTPReceiver) async throws(HubError)
            -> HTTPHead
        {
            throw HubError(.unreachable, "cannot reach \(address.publicDescription): this build fetches nothing")
        }
    }
#endif
