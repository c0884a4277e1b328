#if Downloads
    import Foundation
    import FoundationNetworking
    import Synchronization

    /// Foundation's HTTP client, for `https`.
    package final class SessionConnection: LoadConnection {
        private typealias Outcome = Result<HTTPAnswer, TransportError>

        private let target: ServeTarget
        private let session: URLSession

        package init(to target: ServeTarget) {
            self.target = target
            let configuration = URLSessionConfiguration.ephemeral
            configuration.urlCache = nil
            configuration.httpCookieStorage = nil
            configuration.httpMaximumConnectionsPerHost = 1
            // The deadline is watched here.
            configuration.timeoutIntervalForRequest = 24 * 3600
            session = URLSession(configuration: configuration)
        }

        deinit { session.invalidateAndCancel() }

        package func exchange(
            _ request: ServeRequest, until deadline: ContinuousClock.Instant
        ) throws(TransportError) -> HTTPAnswer {
            let origin = target.address.dropLast(target.basePath.utf8.count)
            guard let url = URL(string: origin + request.path) else {
                throw TransportError(.unreachable, "\(target.address) is no address")
            }
            var message = URLRequest(url: url)
            message.httpMethod = "POST"
            message.httpBody = Data(request.body)
            for field in request.fields where field.name != "Host" && field.name != "Content-Length" {
                message.setValue(field.value, forHTTPHeaderField: field.name)
            }
            let outcome = Mutex<Outcome?>(nil)
            let isDone = DispatchSemaphore(value: 0)
            let place = "\(target.host):\(target.port)"
            let task = session.dataTask(with: message) { data, response, error in
                let result = Self.outcome(data, response, error, place: place)
                outcome.withLock { $0 = result }
                isDone.signal()
            }
            task.resume()
            let rest = max(0, ContinuousClock.now.duration(to: deadline) / .seconds(1))
            if isDone.wait(timeout: .now() + rest) == .timedOut {
                task.cancel()
                throw TransportError(.timedOut, "no answer in time")
            }
            return try outcome.withLock { $0! }.get()
        }

        private static func outcome(_ data: Data?, _ response: URLResponse?, _ error: (any Error)?, place: String)
            -> Outcome
        {
            if let error {
                let code = (error as? URLError)?.code
                if code == .networkConnectionLost || response != nil {
                    return .failure(TransportError(.interrupted, "the connection was lost"))
                }
                return .failure(
                    TransportError(.unreachable, "cannot reach \(place): \((error as NSError).localizedDescription)"))
            }
            guard let response = response as? HTTPURLResponse, let data else {
                return .failure(TransportError(.badResponse, "bad answer: the answer is not HTTP"))
            }
            guard data.count <= HTTPAnswerParser.maximumBodyByteCount else {
                return .failure(TransportError(.badResponse, "bad answer: the body is too long"))
            }
            var fields: [String: String] = [:]
            for case (let name as String, let value as String) in response.allHeaderFields {
                fields[name.lowercased()] = value
            }
            return .success(
                HTTPAnswer(status: response.statusCode, fields: fields, body: [UInt8](data), keepsAlive: true))
        }
    }
#else
    /// Stands in where no HTTP client of Foundation's is built in.
    package final class SessionConnection: LoadConnection {
        package init(to target: ServeTarget) {}

        package func exchange(
            _ request: ServeRequest, until deadline: ContinuousClock.Instant
        ) throws(TransportError) -> HTTPAnswer {
            throw TransportError(.unreachable, "this build speaks no https")
        }
    }
#endif
