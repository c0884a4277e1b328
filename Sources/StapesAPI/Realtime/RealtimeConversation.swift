import Stapes

/// A frame from a realtime client, whole.
package enum RealtimeFrame: Sendable, Hashable {
    /// UTF-8.
    case text([UInt8])
    case binary
}

/// A realtime session from beginning to end: frames -> `RealtimeSession` -> frames, and turns -> `LiveSpeech`.
///
/// All that happens comes in one line and is done one after the other, so whoever is slow is waited for: a client that
/// takes no frames is sent none, and none are read from it.
package enum RealtimeConversation {
    /// What comes in.
    private enum Input: Sendable {
        case frame(RealtimeFrame)
        case clientLeft
        case heard(LiveResult, item: String)
        case ended(item: String, failure: RealtimeError?)
        case tick
        case serverEnds
    }

    private struct Turn: Sendable {
        let item: String
        let transcription: RealtimeTranscription
        let audio = TurnAudio()
    }

    /// Inputs that may wait.
    private static let inputsAhead = 4

    /// Holds the session until it ends. The connection may be closed then.
    ///
    /// - Parameters:
    ///   - incoming: the client's frames; their end or error is the client's leaving. It must end when its task is
    ///     cancelled.
    ///   - ending: has an element when the server is about to end.
    ///   - onFailure: is told why a turn failed where the client is not.
    ///   - send: sends a text frame and returns when there is room for another; an error is the client's leaving. It
    ///     must throw when the client has taken nothing for too long: no limit is looked at while it waits.
    package static func run<Incoming: AsyncSequence & Sendable>(
        incoming: Incoming, speech: some LiveSpeech, configuration: RealtimeConfiguration,
        ending: AsyncStream<Void> = AsyncStream { _ in }, onFailure: @escaping @Sendable (any Error) -> Void = { _ in },
        send: @escaping @Sendable (String) async throws -> Void
    ) async -> RealtimeEnding where Incoming.Element == RealtimeFrame {
        let line = BoundedLine<Input>(capacity: inputsAhead)
        let (turns, turnInput) = AsyncStream.makeStream(of: Turn.self)
        return await withTaskGroup(of: Void.self) { group in
            group.addTask { await read(incoming, into: line) }
            group.addTask { await transcribe(turns, speech, onFailure, into: line) }
            group.addTask { for await _ in ending { await line.send(.serverEnds) } }
            group.addTask { await tick(configuration.limits, into: line) }
            let ending = await hold(line, turnInput, speech, configuration, send)
            line.cancel()
            turnInput.finish()
            group.cancelAll()
            return ending
        }
    }

    /// The loop: whatever comes in -> the session -> what it asks for.
    private static func hold(
        _ line: BoundedLine<Input>, _ turnInput: AsyncStream<Turn>.Continuation, _ speech: some LiveSpeech,
        _ configuration: RealtimeConfiguration, _ send: @Sendable (String) async throws -> Void
    ) async -> RealtimeEnding {
        let start = ContinuousClock.now
        var session = RealtimeSession(configuration, voiceActivity: speech.voiceActivity) {
            (transcription) throws(APIError) in try speech.check(transcription)
        }
        /// The audio of turns that are not committed, by item.
        var open: [String: TurnAudio] = [:]
        var actions = session.open()
        while true {
            for action in actions {
                switch action {
                case .send(let event):
                    do { try await send(session.text(event)) } catch { return .clientLeft }
                case .begin(let item, let transcription):
                    let turn = Turn(item: item, transcription: transcription)
                    open[item] = turn.audio
                    turnInput.yield(turn)
                case .give(let item, let samples): open[item]?.add(samples)
                case .end(let item): open.removeValue(forKey: item)?.end()
                case .cancel(let item): open.removeValue(forKey: item)?.cancel()
                case .close(let ending): return ending
                }
            }
            let input = await withTaskCancellationHandler {
                await line.next()
            } onCancel: {
                line.cancel()
            }
            let now = ContinuousClock.now - start
            switch input {
            case .success(.frame(.text(let text))): actions = session.receive(RealtimeClientMessage(text), at: now)
            case .success(.frame(.binary)): actions = session.receiveBinary(at: now)
            case .success(.heard(let result, let item)): actions = session.heard(result, item: item)
            case .success(.ended(let item, let failure)): actions = session.ended(item: item, failure: failure)
            case .success(.tick): actions = session.tick(at: now)
            case .success(.serverEnds): actions = session.end()
            // Cancelled frames end as well.
            case .success(.clientLeft): return Task.isCancelled ? .cancelled : .clientLeft
            case .success(nil), .failure: return .cancelled
            }
        }
    }

    private static func read<Incoming: AsyncSequence & Sendable>(
        _ incoming: Incoming, into line: BoundedLine<Input>
    ) async where Incoming.Element == RealtimeFrame {
        do {
            for try await frame in incoming { await line.send(.frame(frame)) }
        } catch {
            // A connection that breaks ends like one that is closed.
        }
        await line.send(.clientLeft)
    }

    /// One turn after the other.
    private static func transcribe(
        _ turns: AsyncStream<Turn>, _ speech: some LiveSpeech, _ onFailure: @Sendable (any Error) -> Void,
        into line: BoundedLine<Input>
    ) async {
        for await turn in turns {
            var failure: RealtimeError?
            do {
                for try await result in speech.live(turn.audio, turn.transcription) {
                    await line.send(.heard(result, item: turn.item))
                }
            } catch {
                let told = RealtimeError(transcribing: error)
                if told.code == .internalError, !Task.isCancelled, !turn.audio.isCancelled { onFailure(error) }
                failure = told
            }
            // What nobody listens to is not kept.
            turn.audio.cancel()
            await line.send(.ended(item: turn.item, failure: failure))
        }
    }

    private static func tick(_ limits: RealtimeLimits, into line: BoundedLine<Input>) async {
        let shortest = min(limits.idleSeconds, limits.sessionSeconds)
        let period = Duration.seconds(min(1, max(0.01, shortest / 4)))
        while (try? await Task.sleep(for: period)) != nil { await line.send(.tick) }
    }
}

extension RealtimeError {
    /// What a client is told of why a turn failed. What is ours to know is left out.
    fileprivate init(transcribing error: any Error) {
        switch (error as? StapesError)?.code {
        case .overloaded: self.init(.queueFull, "Too many requests are waiting; try again later.")
        case .invalidOption: self.init(.invalidValue, (error as? StapesError)?.message ?? "")
        case .cancelled: self.init(.unavailable, "The turn was cancelled.")
        case .unavailable, .audio, .model, .engine, nil: self.init(.internalError, "An internal error occurred.")
        }
    }
}
