import StapesModel
import Synchronization

/// The engine as its callers see it: windows in, outcomes out, from any task.
package final class Engine: Sendable {
    package let description: EngineDescription
    private let mailbox: Mailbox<Message>
    private let nextID = Atomic<Int>(0)
    private let nextJob = Atomic<Int>(0)

    private enum Message: Sendable {
        case submit(SequenceID, WindowRequest, ActiveSequence.Completion)
        case cancel(SequenceID)
        case end(Job)
        case holdings(@Sendable (EngineHoldings) -> Void)
    }

    /// Loads the model on the engine's own thread and returns when it is ready.
    ///
    /// - Throws: `model` with the checkpoint's error, `unavailable`, `device`.
    package init(_ configuration: EngineConfiguration) async throws(EngineError) {
        let mailbox = Mailbox<Message>(capacity: configuration.mailboxCapacity)
        self.mailbox = mailbox
        let started = await withCheckedContinuation { (ready: CheckedContinuation<StartResult, Never>) in
            do throws(EngineError) {
                try EngineThread.start { Self.run(configuration, mailbox: mailbox, ready: ready) }
            } catch {
                ready.resume(returning: .failure(error))
            }
        }
        description = try started.get()
    }

    private typealias StartResult = Result<EngineDescription, EngineError>

    deinit { mailbox.close() }

    /// Stops taking requests; those that are there are finished.
    package func close() { mailbox.close() }

    /// A name for what comes next, whose windows take turns with those of other jobs. The first of them may be refused
    /// as `overloaded`; once one was let in, none is.
    ///
    /// - Parameter priority: lower goes first; see `Job`.
    package func beginJob(priority: Int = 0) -> Job {
        Job(number: nextJob.wrappingAdd(1, ordering: .relaxed).newValue, priority: priority)
    }

    /// No more windows come of a job.
    package func end(_ job: Job) { try? mailbox.send(.end(job), urgent: true) }

    /// Works on one window. Cancelling the task stops the work at the next step.
    ///
    /// - Throws: `invalidRequest`, `overloaded`, `cancelled`, `stopped`, `device`, `notANumber`.
    package func run(_ request: WindowRequest) async throws(EngineError) -> WindowOutcome {
        let id = SequenceID(nextID.wrappingAdd(1, ordering: .relaxed).newValue)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Outcome, Never>) in
                if Task.isCancelled {
                    continuation.resume(returning: .failure(EngineError(.cancelled, "the request was cancelled")))
                    return
                }
                do throws(Mailbox<Message>.Refusal) {
                    // Of a job that was let in nothing may be refused, and which those are the loop knows. A job has
                    // few windows here at a time.
                    try mailbox.send(
                        .submit(id, request) { continuation.resume(returning: $0) },
                        overfills: request.job.isNamed)
                } catch {
                    continuation.resume(returning: .failure(Self.refusal(error)))
                    return
                }
                // A cancellation since the look above reached the engine before the request did, and met nothing.
                if Task.isCancelled { try? mailbox.send(.cancel(id), urgent: true) }
            }
        } onCancel: {
            // Refused only by an engine that has stopped, which has let go of the request already.
            try? mailbox.send(.cancel(id), urgent: true)
        }
        return try result.get()
    }

    /// Works on some windows side by side. The first failure takes the others back.
    ///
    /// - Throws: as for one.
    package func run(_ requests: [WindowRequest]) async throws(EngineError) -> [WindowOutcome] {
        if requests.count == 1 { return [try await run(requests[0])] }
        let results = await withTaskGroup(of: (Int, Outcome).self) { group in
            for (index, request) in requests.enumerated() {
                group.addTask { (index, await self.outcome(of: request)) }
            }
            var results = [Outcome?](repeating: nil, count: requests.count)
            for await (index, result) in group {
                results[index] = result
                if case .failure = result { group.cancelAll() }
            }
            return results
        }
        // The cause is reported, not the cancellations that followed it.
        for case .failure(let error)? in results where error.code != .cancelled { throw error }
        var outcomes: [WindowOutcome] = []
        for result in results { if let result { outcomes.append(try result.get()) } }
        return outcomes
    }

    private func outcome(of request: WindowRequest) async -> Outcome {
        do throws(EngineError) {
            return .success(try await run(request))
        } catch {
            return .failure(error)
        }
    }

    private typealias Outcome = Result<WindowOutcome, EngineError>

    /// What the engine holds between two steps.
    package func holdings() async -> EngineHoldings {
        await withCheckedContinuation { continuation in
            do {
                try mailbox.send(.holdings { continuation.resume(returning: $0) }, urgent: true)
            } catch {
                continuation.resume(returning: EngineHoldings())
            }
        }
    }

    private static func refusal(_ refusal: Mailbox<Message>.Refusal) -> EngineError {
        switch refusal {
        case .full: EngineError(.overloaded, "the engine has too many requests waiting")
        case .closed: EngineError(.stopped, "the engine has stopped")
        }
    }

    // MARK: The engine's thread

    private static func run(
        _ configuration: EngineConfiguration, mailbox: Mailbox<Message>,
        ready: CheckedContinuation<StartResult, Never>
    ) {
        do {
            let checkpoint = try configuration.model.open()
            var loop = try EngineLoop(configuration, checkpoint: checkpoint)
            var description = try EngineDescription(configuration, model: checkpoint.configuration)
            description.capturedGraphBytes = loop.capturedBytes
            ready.resume(returning: .success(description))
            while let messages = mailbox.take(waiting: loop.isIdle) {
                for message in messages { take(message, into: &loop) }
                loop.step()
            }
        } catch {
            ready.resume(returning: .failure(startFailure(error)))
        }
    }

    private static func take(_ message: Message, into loop: inout EngineLoop) {
        switch message {
        case .submit(let id, let request, let completion): loop.submit(id, request, completion: completion)
        case .cancel(let id): loop.cancel(id)
        case .end(let job): loop.end(job)
        case .holdings(let answer): answer(loop.holdings)
        }
    }

    private static func startFailure(_ error: any Error) -> EngineError {
        switch error {
        case let error as EngineError: error
        case let error as ModelError: EngineError(.model, error.message, cause: error)
        default: EngineError(.device, "\(error)", cause: error)
        }
    }
}
