import StapesModel
import Synchronization

/// One loop of an engine on a thread of its own, with a device and the model on it.
final class Replica: Sendable {
    /// What it resolved its configuration to.
    let description: EngineDescription
    private let mailbox: Mailbox<Message>
    private let nextID = Atomic<Int>(0)

    private enum Message: Sendable {
        case submit(SequenceID, WindowRequest, ActiveSequence.Completion)
        case cancel(SequenceID)
        case end(Job)
        case holdings(@Sendable (EngineHoldings) -> Void)
    }

    /// Loads the model on the loop's thread and returns when it is ready.
    ///
    /// - Throws: `model` with the checkpoint's error, `unavailable`, `device`.
    init(_ configuration: EngineConfiguration, entrance: Entrance?) async throws(EngineError) {
        let mailbox = Mailbox<Message>(capacity: configuration.mailboxCapacity)
        self.mailbox = mailbox
        let started = await withCheckedContinuation { (ready: CheckedContinuation<StartResult, Never>) in
            do throws(EngineError) {
                try EngineThread.start { Self.run(configuration, entrance, mailbox: mailbox, ready: ready) }
            } catch {
                ready.resume(returning: .failure(error))
            }
        }
        description = try started.get()
    }

    private typealias StartResult = Result<EngineDescription, EngineError>

    deinit { mailbox.close() }

    func close() { mailbox.close() }

    func end(_ job: Job) { try? mailbox.send(.end(job), urgent: true) }

    /// Works on one window. Cancelling the task stops the work at the next step.
    ///
    /// - Throws: as `Engine.run`.
    func run(_ request: WindowRequest) async throws(EngineError) -> WindowOutcome {
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

    private typealias Outcome = Result<WindowOutcome, EngineError>

    func holdings() async -> EngineHoldings {
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

    // MARK: The loop's thread

    private static func run(
        _ configuration: EngineConfiguration, _ entrance: Entrance?, mailbox: Mailbox<Message>,
        ready: CheckedContinuation<StartResult, Never>
    ) {
        do {
            let checkpoint = try configuration.model.open()
            var loop = try EngineLoop(configuration, checkpoint: checkpoint, entrance: entrance)
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
