#if Downloads
    import Foundation
    import FoundationNetworking
    import Synchronization

    /// One request under way: passes the response on to its receiver and watches the time.
    final class HTTPExchange: Sendable {
        private struct State {
            var task: URLSessionDataTask?
            var continuation: CheckedContinuation<Result<HTTPHead, HubError>, Never>?
            var head: HTTPHead?
            var lastActivity = ContinuousClock.now
            var result: Result<HTTPHead, HubError>?
        }

        private let receiver: any HTTPReceiver
        private let timeouts: PullTimeouts
        private let place: String
        private let state = Mutex(State())

        init(receiver: any HTTPReceiver, timeouts: PullTimeouts, place: String) {
            self.receiver = receiver
            self.timeouts = timeouts
            self.place = place
        }

        /// Runs the task to its end. Cancelling the surrounding task ends it early.
        func run(_ task: URLSessionDataTask) async -> Result<HTTPHead, HubError> {
            let watchdog = Task { await watch() }
            defer { watchdog.cancel() }
            return await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let early = state.withLock { state in
                        state.task = task
                        state.lastActivity = .now
                        if state.result == nil { state.continuation = continuation }
                        return state.result
                    }
                    if let early { return continuation.resume(returning: early) }
                    task.resume()
                }
            } onCancel: {
                abort(HubError(.cancelled, "the download from \(place) was cancelled"))
            }
        }

        // MARK: Callbacks, on the session's delegate queue

        func receive(_ response: URLResponse) {
            step { state throws(HubError) in
                guard let response = response as? HTTPURLResponse else {
                    throw HubError(.badResponse, "\(place) did not answer in HTTP")
                }
                let head = HTTPHead(response)
                state.head = head
                return head.isRedirect ? true : try receiver.begin(head)
            }
        }

        func receive(_ data: Data) {
            step { state throws(HubError) in
                if let head = state.head, !head.isRedirect { try receiver.receive(data) }
                return true
            }
        }

        /// - Parameter response: a redirect without a usable Location completes without having been received.
        func complete(_ response: URLResponse?, error: (any Error)?) {
            let head = state.withLock { $0.head } ?? (response as? HTTPURLResponse).map(HTTPHead.init)
            if let error {
                finish(.failure(HubError(transport: error, place: place, hasBegun: head != nil)))
            } else if let head {
                finish(.success(head))
            } else {
                finish(.failure(HubError(.badResponse, "\(place) ended the connection without an answer")))
            }
        }

        // MARK: Time and ends

        /// Runs one callback's work unless the exchange is over. The lock is held meanwhile, so that nothing reaches the
        /// receiver after the result is out.
        private func step(_ body: (inout State) throws(HubError) -> Bool) {
            let end: Result<HTTPHead, HubError>? = state.withLock { state in
                guard state.result == nil else { return nil }
                do throws(HubError) {
                    let wanted = try body(&state)
                    state.lastActivity = .now
                    return wanted ? nil : state.head.map { .success($0) }
                } catch {
                    return .failure(error)
                }
            }
            if let end {
                finish(end)
                cancelTask()
            }
        }

        private func watch() async {
            while !Task.isCancelled {
                let (deadline, hasBegun) = state.withLock { state in
                    let limit = state.head == nil ? timeouts.connect : timeouts.stall
                    return (state.lastActivity + limit, state.head != nil)
                }
                if deadline <= .now {
                    let limit = hasBegun ? timeouts.stall : timeouts.connect
                    return abort(HubError(.timedOut, "\(place) sent nothing for \(limit.words)"))
                }
                try? await Task.sleep(until: deadline, clock: .continuous)
            }
        }

        private func abort(_ error: HubError) {
            finish(.failure(error))
            cancelTask()
        }

        private func finish(_ result: Result<HTTPHead, HubError>) {
            let continuation = state.withLock { state -> CheckedContinuation<Result<HTTPHead, HubError>, Never>? in
                guard state.result == nil else { return nil }
                state.result = result
                defer { state.continuation = nil }
                return state.continuation
            }
            continuation?.resume(returning: result)
        }

        /// Elsewhere, because cancelling waits for the session's thread, which may be waiting for this queue.
        private func cancelTask() {
            guard let task = state.withLock({ $0.task }) else { return }
            DispatchQueue.global().async { task.cancel() }
        }
    }
#endif
