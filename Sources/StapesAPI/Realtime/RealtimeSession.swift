import Stapes
import StapesAudio

/// A realtime session: the client's events and what is heard of its turns in, events for the client and turns out.
///
/// A state machine that knows no socket, no clock and no engine. Times are since the session began. A turn begins with
/// the first audio after the last one or, with turn detection, where somebody begins to speak; it is an item of the
/// conversation once it is committed. Turns are transcribed one after the other, so what is heard of them is told in
/// their order.
package struct RealtimeSession: Sendable {
    package enum Action: Sendable, Hashable {
        case send(RealtimeServerEvent)
        /// Transcribe a turn after those before it.
        case begin(item: String, RealtimeTranscription)
        case give(item: String, [Float])
        /// The turn has all its audio.
        case end(item: String)
        /// What is heard of the turn counts no more.
        case cancel(item: String)
        case close(RealtimeEnding)
    }

    private struct Turn: Sendable {
        let item: String
        var sampleCount = 0
        var isCommitted = false
        var transcript = GrowingTranscript()
        /// What its transcription ended with, if that was before it was committed.
        var failure: RealtimeError?
    }

    private typealias Check = @Sendable (RealtimeTranscription) throws(APIError) -> Void

    private let limits: RealtimeLimits
    private let check: Check
    /// The beginning of a stretch of audio, nil where turns cannot be detected.
    private let voiceActivity: (any SpeechProbabilities)?

    private var ids: RealtimeIDs
    private var settings: RealtimeSettings
    private var shape = RealtimeShape.current
    private var audio: RealtimeAudio

    /// Samples since the session began.
    private var position = 0
    /// Listens and decides while turns are detected.
    private var listener: (any SpeechProbabilities)?
    private var gate: SpeechGate?
    /// The last samples, which no turn has: with turn detection, what may come before speech.
    private var held: [Float] = []

    /// Turns that are spoken or transcribed, in order.
    private var turns: [Turn] = []
    /// Samples of all of them.
    private var sampleCount = 0
    /// Turns that were cleared and are still to be passed over by what transcribes.
    private var clearedCount = 0
    /// The last of the turns is not committed yet.
    private var isOpen: Bool { turns.last?.isCommitted == false }
    private var lastItem: String?
    private var lastEvent = Duration.zero
    /// No more audio is taken, and the session ends with the last of its turns.
    private var isEnding = false

    /// - Parameters:
    ///   - voiceActivity: the beginning of a stretch of audio; nil detects no turns.
    ///   - check: whether turns can be transcribed so.
    package init(
        _ configuration: RealtimeConfiguration, voiceActivity: (any SpeechProbabilities)?,
        ids: RealtimeIDs = RealtimeIDs(), check: @escaping @Sendable (RealtimeTranscription) throws(APIError) -> Void
    ) {
        limits = configuration.limits
        settings = configuration.settings
        if voiceActivity == nil { settings.turnDetection = nil }
        audio = RealtimeAudio(settings.format)
        self.voiceActivity = voiceActivity
        self.ids = ids
        self.check = check
        detectTurns()
    }

    /// An event as a text frame. Each has an id of its own.
    package mutating func text(_ event: RealtimeServerEvent) -> String { event.text(eventID: ids.nextEvent()) }

    private var view: RealtimeSessionView { RealtimeSessionView(id: ids.sessionID, settings: settings, shape: shape) }

    /// The connection stands.
    package mutating func open() -> [Action] { [.send(.sessionCreated(view))] }

    /// Takes in an event, or why it cannot be read.
    package mutating func receive(_ message: RealtimeClientMessage, at now: Duration) -> [Action] {
        lastEvent = now
        do throws(RealtimeError) {
            switch try message.event.get() {
            case .update(let update, let shape): return try change(update, shape)
            case .append(let bytes): return try append(bytes)
            case .commit: return try commit()
            case .clear: return clear()
            }
        } catch {
            var error = error
            error.eventID = message.eventID
            return [.send(.error(error))]
        }
    }

    /// A frame that is no text.
    package mutating func receiveBinary(at now: Duration) -> [Action] {
        lastEvent = now
        return [.send(.error(RealtimeError(.malformedEvent, "Events are text frames of JSON.")))]
    }

    /// Time has passed.
    package mutating func tick(at now: Duration) -> [Action] {
        if now >= .seconds(limits.sessionSeconds) {
            let error = RealtimeError(.sessionExpired, "The session has reached its \(limits.sessionSeconds) seconds.")
            return [.send(.error(error)), .close(.sessionExpired)]
        }
        guard now - lastEvent >= .seconds(limits.idleSeconds), !turns.contains(where: \.isCommitted) else { return [] }
        let error = RealtimeError(.idle, "Nothing was received for \(limits.idleSeconds) seconds.")
        return [.send(.error(error)), .close(.idle)]
    }

    /// The server is about to end. What was committed is finished first.
    package mutating func end() -> [Action] {
        isEnding = true
        let error = RealtimeError(
            .unavailable,
            "The server is about to end: no more audio is taken, and only what was committed is transcribed.")
        return [.send(.error(error))] + dropOpenTurn() + closing
    }

    private var closing: [Action] { isEnding && turns.isEmpty ? [.close(.serverEnds)] : [] }
}

// MARK: Settings

extension RealtimeSession {
    private mutating func change(
        _ update: RealtimeUpdate, _ shape: RealtimeShape
    ) throws(RealtimeError) -> [Action] {
        let new = update.applied(to: settings)
        let path = shape == .beta ? "session." : "session.audio.input."
        if new.turnDetection != nil, voiceActivity == nil {
            throw RealtimeError(
                .invalidValue, "The server has no network for voice activity; send null and commit turns.",
                parameter: path + "turn_detection")
        }
        do throws(APIError) {
            try check(new.transcription)
        } catch {
            let object = shape == .beta ? "input_audio_transcription" : "transcription"
            throw RealtimeError(error, parameter: path + object + (error.parameter.map { ".\($0)" } ?? ""))
        }
        var actions: [Action] = []
        if new.format != audio.format {
            actions += hear(audio.finish())
            audio = RealtimeAudio(new.format)
        }
        settings = new
        self.shape = shape
        if new.turnDetection == nil, let open = openTurn { actions += give(held, to: open) }
        detectTurns()
        return actions + [.send(.sessionUpdated(view))]
    }

    /// Follows the settings. What is spoken when detection is turned on counts as speech until there is silence.
    private mutating func detectTurns() {
        guard let detection = settings.turnDetection else {
            (gate, listener, held) = (nil, nil, [])
            return
        }
        if gate != nil {
            gate?.options = detection.gate
        } else {
            gate = SpeechGate(detection.gate, position: position, floor: position, isSpeaking: isOpen)
            listener = voiceActivity
        }
    }
}

// MARK: Audio

extension RealtimeSession {
    private var openTurn: Int? { isOpen ? turns.count - 1 : nil }

    private mutating func append(_ bytes: [UInt8]) throws(RealtimeError) -> [Action] {
        // It was told.
        guard !isEnding else { return [] }
        if gate == nil, isFull { throw tooManyTurns }
        let seconds =
            Double(sampleCount + held.count + audio.sampleCount(byteCount: bytes.count)) / Double(PCM.sampleRate)
        guard seconds <= limits.bufferSeconds else {
            throw RealtimeError(
                .bufferFull,
                "More than \(limits.bufferSeconds) seconds of audio wait to be committed or transcribed; "
                    + "this audio was not taken.", parameter: "audio")
        }
        return hear(audio.samples(bytes))
    }

    /// No turn may begin.
    private var isFull: Bool { !isOpen && turns.count + clearedCount >= limits.turns }

    private var tooManyTurns: RealtimeError {
        RealtimeError(
            .bufferFull, "\(limits.turns) turns wait to be transcribed; this audio was not taken.", parameter: "audio")
    }

    private mutating func hear(_ samples: [Float]) -> [Action] {
        guard !samples.isEmpty else { return [] }
        position += samples.count
        guard gate != nil, let probabilities = listener?.probabilities(samples) else {
            var actions: [Action] = []
            if !isOpen { actions.append(begin()) }
            return actions + give(samples, to: turns.count - 1)
        }
        held += samples
        var actions: [Action] = []
        var isRefused = false
        for probability in probabilities {
            if !isFull {
                actions += hear(probability)
            } else if case .started = gate?.add(probability) {
                let heard = gate?.position ?? position
                gate?.end(at: heard)
                isRefused = true
            }
        }
        if isRefused { actions.append(.send(.error(tooManyTurns))) }
        if let open = openTurn { actions += give(take(upTo: gate?.position ?? position), to: open) }
        if !isOpen, let gate { _ = take(upTo: gate.position - gate.prefixSamples) }
        return actions
    }

    /// Takes in how likely there is speech in the next frame.
    private mutating func hear(_ probability: Float) -> [Action] {
        switch gate?.add(probability) {
        case .started(let sample):
            // What was let go of cannot be taken with it.
            let start = max(sample, position - held.count)
            _ = take(upTo: start)
            let beginning = begin()
            return [
                .send(
                    .speechStarted(
                        item: turns[turns.count - 1].item, audioStartMilliseconds: Self.milliseconds(start))),
                beginning,
            ]
        case .stopped(let sample): return stop(at: sample)
        case nil:
            // Whoever does not stop is cut short, so that the turn does not outgrow the buffer.
            guard let gate, let open = openTurn else { return [] }
            let count = turns[open].sampleCount + gate.position - (position - held.count)
            guard Double(count) >= limits.turnSeconds * Double(PCM.sampleRate) else { return [] }
            self.gate?.end(at: gate.position)
            return stop(at: gate.position)
        }
    }

    private mutating func stop(at sample: Int) -> [Action] {
        guard let open = openTurn else { return [] }
        let actions = give(take(upTo: sample), to: open)
        let stopped = RealtimeServerEvent.speechStopped(
            item: turns[open].item, audioEndMilliseconds: Self.milliseconds(sample))
        return actions + [.send(stopped)] + commit(open)
    }

    private static func milliseconds(_ samples: Int) -> Int { samples / (PCM.sampleRate / 1000) }

    /// What is held before a place in the session's audio.
    private mutating func take(upTo sample: Int) -> [Float] {
        let count = max(0, min(held.count, sample - (position - held.count)))
        defer { held.removeFirst(count) }
        return Array(held.prefix(count))
    }

    private mutating func begin() -> Action {
        let turn = Turn(item: ids.nextItem())
        turns.append(turn)
        return .begin(item: turn.item, settings.transcription)
    }

    private mutating func give(_ samples: [Float], to turn: Int) -> [Action] {
        guard !samples.isEmpty else { return [] }
        turns[turn].sampleCount += samples.count
        sampleCount += samples.count
        return [.give(item: turns[turn].item, samples)]
    }
}

// MARK: Turns

extension RealtimeSession {
    private mutating func commit() throws(RealtimeError) -> [Action] {
        guard let open = openTurn else {
            throw RealtimeError(.bufferEmpty, "The input audio buffer is empty; there is nothing to commit.")
        }
        let actions = give(held, to: open)
        held = []
        gate?.end(at: position)
        return actions + commit(open)
    }

    private mutating func commit(_ index: Int) -> [Action] {
        turns[index].isCommitted = true
        let turn = turns[index]
        var actions: [Action] = [
            .end(item: turn.item), .send(.committed(item: turn.item, previous: lastItem)),
            .send(.itemAdded(item: turn.item, previous: lastItem, shape)),
        ]
        lastItem = turn.item
        if let failure = turn.failure {
            removeTurn(at: index)
            actions.append(.send(.failed(item: turn.item, failure)))
        }
        return actions
    }

    private mutating func clear() -> [Action] { dropOpenTurn() + [.send(.cleared)] }

    private mutating func dropOpenTurn() -> [Action] {
        var actions: [Action] = []
        if let open = openTurn {
            let turn = removeTurn(at: open)
            // What has failed is passed over already.
            if turn.failure == nil { clearedCount += 1 }
            actions.append(.cancel(item: turn.item))
        }
        audio = RealtimeAudio(settings.format)
        held = []
        gate?.end(at: position)
        return actions
    }

    @discardableResult
    private mutating func removeTurn(at index: Int) -> Turn {
        let turn = turns.remove(at: index)
        sampleCount -= turn.sampleCount
        return turn
    }

    /// Something was heard in a turn.
    package mutating func heard(_ result: LiveResult, item: String) -> [Action] {
        guard let index = turns.firstIndex(where: { $0.item == item }),
            let piece = turns[index].transcript.hear(result)
        else { return [] }
        return [.send(.delta(item: item, piece))]
    }

    /// A turn was heard to its end, or as far as an error.
    package mutating func ended(item: String, failure: RealtimeError?) -> [Action] {
        guard let index = turns.firstIndex(where: { $0.item == item }) else {
            clearedCount = max(0, clearedCount - 1)
            return []
        }
        if let failure {
            guard turns[index].isCommitted else {
                turns[index].failure = failure
                return []
            }
            removeTurn(at: index)
            return [.send(.failed(item: item, failure))] + closing
        }
        var turn = removeTurn(at: index)
        let (piece, transcript) = turn.transcript.finish()
        let completed = RealtimeServerEvent.completed(
            item: item, transcript: transcript, seconds: Double(turn.sampleCount) / Double(PCM.sampleRate))
        return (piece.map { [.send(.delta(item: item, $0))] } ?? []) + [.send(completed)] + closing
    }
}
