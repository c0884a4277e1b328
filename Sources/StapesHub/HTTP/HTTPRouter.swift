#if Downloads
    import Foundation
    import FoundationNetworking
    import Synchronization

    /// The session's delegate: hands each callback to the exchange it belongs to. (Delegates of single tasks are not called
    /// on Linux.)
    final class HTTPRouter: NSObject, URLSessionDataDelegate, Sendable {
        private let exchanges = Mutex<[Int: HTTPExchange]>([:])

        func add(_ exchange: HTTPExchange, for task: URLSessionTask) {
            exchanges.withLock { $0[task.taskIdentifier] = exchange }
        }

        func remove(_ task: URLSessionTask) {
            exchanges.withLock { $0[task.taskIdentifier] = nil }
        }

        private func exchange(_ task: URLSessionTask) -> HTTPExchange? {
            exchanges.withLock { $0[task.taskIdentifier] }
        }

        func urlSession(
            _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse,
            newRequest request: URLRequest, completionHandler: @escaping (URLRequest?) -> Void
        ) {
            // Followed by HTTPClient, which decides what the next host may see.
            completionHandler(nil)
        }

        func urlSession(
            _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
            completionHandler: @escaping (URLSession.ResponseDisposition) -> Void
        ) {
            // On Linux the disposition is ignored; an exchange cuts an unwanted body off by cancelling.
            completionHandler(.allow)
            exchange(dataTask)?.receive(response)
        }

        func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
            exchange(dataTask)?.receive(data)
        }

        func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
            exchange(task)?.complete(task.response, error: error)
        }
    }
#endif
