import Stapes
import StapesAPI
import Testing

@Suite("Realtime session")
struct RealtimeSessionTests {
    private static let transcription = RealtimeTranscription(model: "fake")

    private func session(
        detects: Bool, voiceActivity: (any SpeechProbabilities)? = LoudSpeech(), limits: RealtimeLimits = .init()
    ) -> RealtimeSession {
        var settings = RealtimeSettings(
            transcription: Self.transcription, turnDetection: detects ? RealtimeTurnDetection() : nil)
        settings.format = .pcm(rate: 16_000)
        var configuration = RealtimeConfiguration(settings: settings)
        configuration.limits = limits
        return RealtimeSession(configuration, voiceActivity: voiceActivity, ids: RealtimeIDs(seed: 7)) {
            (transcription) throws(APIError) in try CountingSpeech().check(transcription)
        }
    }

    private func item(_ number: Int) -> String { "item_0000000000000007_\(number)" }

    /// Frames of 32 ms, loud or silent.
    private func frames(_ count: Int, loud: Bool) -> [Float] {
        [Float](repeating: loud ? 0.5 : 0, count: count * 512)
    }

    private func append(_ samples: [Float]) -> RealtimeClientMessage {
        guard case .text(let text) = ClientFrame.append(samples) else { preconditionFailure("audio is sent as text") }
        return RealtimeClientMessage(text)
    }

    private func message(_ frame: RealtimeFrame) -> RealtimeClientMessage {
        guard case .text(let text) = frame else { preconditionFailure("a test sends text") }
        return RealtimeClientMessage(text)
    }

    private func result(_ text: String, isFinal: Bool = true) -> LiveResult {
        LiveResult(text: text, segments: [], isFinal: isFinal, range: 0..<1, language: "en")
    }

    private func error(_ actions: [RealtimeSession.Action]) -> RealtimeError? {
        guard case .send(.error(let error)) = actions.first else { return nil }
        return error
    }

    private func given(_ actions: [RealtimeSession.Action], to item: String) -> Int {
        actions.reduce(0) { count, action in
            if case .give(item, let samples) = action { count + samples.count } else { count }
        }
    }

    @Test("A client that commits gets an item for what it sent")
    func manualTurn() {
        var session = session(detects: false)
        let samples = frames(2, loud: true)
        #expect(
            session.receive(append(samples), at: .zero) == [
                .begin(item: item(1), Self.transcription), .give(item: item(1), samples),
            ])
        #expect(session.receive(append(samples), at: .zero) == [.give(item: item(1), samples)])
        #expect(session.heard(result(" Hi."), item: item(1)) == [.send(.delta(item: item(1), "Hi."))])
        #expect(
            session.receive(message(ClientFrame.commit), at: .zero) == [
                .end(item: item(1)), .send(.committed(item: item(1), previous: nil)),
                .send(.itemAdded(item: item(1), previous: nil, .current)),
            ])
        #expect(session.heard(result(" There"), item: item(1)) == [.send(.delta(item: item(1), " There"))])
        #expect(
            session.ended(item: item(1), failure: nil) == [
                .send(.completed(item: item(1), transcript: "Hi. There", seconds: 0.128))
            ])
    }

    @Test("The next item names the one before, also after one that was cleared")
    func previousItems() {
        var session = session(detects: false)
        _ = session.receive(append([0.5]), at: .zero)
        _ = session.receive(message(ClientFrame.commit), at: .zero)
        _ = session.receive(append([0.5]), at: .zero)
        #expect(
            session.receive(message(ClientFrame.clear), at: .zero) == [.cancel(item: item(2)), .send(.cleared)])
        #expect(session.heard(result(" x"), item: item(2)).isEmpty)
        #expect(session.ended(item: item(2), failure: nil).isEmpty)
        _ = session.receive(append([0.5]), at: .zero)
        #expect(
            session.receive(message(ClientFrame.commit), at: .zero).contains(
                .send(.committed(item: item(3), previous: item(1)))))
    }

    @Test("Nothing to commit is an error, and the session goes on")
    func emptyCommit() {
        for detects in [false, true] {
            var session = session(detects: detects)
            let refused = error(session.receive(message(ClientFrame.commit), at: .zero))
            #expect(refused?.code == .bufferEmpty)
            #expect(refused?.eventID == "commit_1")
            _ = session.receive(append(frames(1, loud: true)), at: .zero)
            #expect(error(session.receive(message(ClientFrame.commit), at: .zero)) == nil)
        }
    }

    @Test("Detected speech is told with its padding and becomes an item", arguments: [1, 100, 512, 1700, 40_000])
    func detectedTurn(chunk: Int) {
        var session = session(detects: true)
        // Speech from 640 ms to 1280 ms; then more than the 500 ms of silence.
        let samples = frames(20, loud: false) + frames(20, loud: true) + frames(20, loud: false)
        var actions: [RealtimeSession.Action] = []
        for start in stride(from: 0, to: samples.count, by: chunk) {
            actions += session.receive(append(Array(samples[start..<min(start + chunk, samples.count)])), at: .zero)
        }
        let events = actions.compactMap { action -> RealtimeServerEvent? in
            if case .send(let event) = action { event } else { nil }
        }
        #expect(
            events == [
                .speechStarted(item: item(1), audioStartMilliseconds: 340),
                .speechStopped(item: item(1), audioEndMilliseconds: 1792),
                .committed(item: item(1), previous: nil), .itemAdded(item: item(1), previous: nil, .current),
            ])
        #expect(given(actions, to: item(1)) == (1792 - 340) * 16)
    }

    @Test("Padding does not reach into the turn before")
    func paddingEndsAtTheLastTurn() {
        var session = session(detects: true)
        var actions: [RealtimeSession.Action] = []
        for _ in 0..<2 {
            actions += session.receive(append(frames(4, loud: true) + frames(16, loud: false)), at: .zero)
        }
        #expect(actions.contains(.send(.speechStopped(item: item(1), audioEndMilliseconds: 640))))
        #expect(actions.contains(.send(.speechStarted(item: item(2), audioStartMilliseconds: 640))))
        #expect(given(actions, to: item(2)) == 20 * 512)
    }

    @Test("With detection on, a client may commit what is being said")
    func commitWhileSpoken() {
        var session = session(detects: true)
        let begun = session.receive(append(frames(10, loud: true) + [0.5, 0.5]), at: .zero)
        #expect(begun.first == .send(.speechStarted(item: item(1), audioStartMilliseconds: 0)))
        let actions = session.receive(message(ClientFrame.commit), at: .zero)
        #expect(actions.first == .give(item: item(1), [0.5, 0.5]))
        #expect(actions.contains(.send(.committed(item: item(1), previous: nil))))
        let next = session.receive(append(frames(1, loud: true)), at: .zero)
        #expect(next.first == .send(.speechStarted(item: item(2), audioStartMilliseconds: 320)))
        #expect(given(begun + actions, to: item(1)) == 5122)
        #expect(given(next, to: item(2)) == 510)
    }

    @Test("Detection is turned off and on in the middle of a turn")
    func detectionChanges() {
        var session = session(detects: true)
        _ = session.receive(append(frames(3, loud: true) + [0.5]), at: .zero)
        let off = session.receive(message(ClientFrame.manual), at: .zero)
        #expect(off.first == .give(item: item(1), [0.5]))
        #expect(given(session.receive(append(frames(40, loud: false)), at: .zero), to: item(1)) == 40 * 512)
        let on = message(
            ClientFrame.text(
                #"{"type":"transcription_session.update","session":{"turn_detection":{"type":"server_vad"}}}"#))
        #expect(error(session.receive(on, at: .zero)) == nil)
        // Silence ends what was spoken; the shape is that of the last update.
        #expect(
            session.receive(append(frames(17, loud: false)), at: .zero).suffix(3) == [
                .end(item: item(1)), .send(.committed(item: item(1), previous: nil)),
                .send(.itemAdded(item: item(1), previous: nil, .beta)),
            ])
    }

    @Test("A client that never pauses is cut")
    func longTurn() {
        var limits = RealtimeLimits()
        limits.turnSeconds = 1
        var session = session(detects: true, limits: limits)
        let actions = session.receive(append(frames(70, loud: true)), at: .zero)
        #expect(actions.contains(.send(.speechStopped(item: item(1), audioEndMilliseconds: 1024))))
        #expect(actions.contains(.send(.speechStarted(item: item(2), audioStartMilliseconds: 1024))))
        #expect((1...3).map { given(actions, to: item($0)) } == [32 * 512, 32 * 512, 6 * 512])
    }

    @Test("Audio beyond the limit is refused until what waits is transcribed")
    func fullBuffer() {
        var limits = RealtimeLimits()
        limits.bufferSeconds = 1
        var session = session(detects: false, limits: limits)
        _ = session.receive(append([Float](repeating: 0.5, count: 12_000)), at: .zero)
        let more = append([Float](repeating: 0.5, count: 8000))
        #expect(error(session.receive(more, at: .zero))?.code == .bufferFull)
        _ = session.receive(message(ClientFrame.commit), at: .zero)
        #expect(error(session.receive(more, at: .zero))?.code == .bufferFull)
        _ = session.ended(item: item(1), failure: nil)
        #expect(error(session.receive(more, at: .zero)) == nil)
    }

    @Test("A turn that fails before it is committed is told of afterwards")
    func earlyFailure() {
        let failure = RealtimeError(.internalError, "broken")
        var session = session(detects: false)
        _ = session.receive(append([0.5]), at: .zero)
        #expect(session.ended(item: item(1), failure: failure).isEmpty)
        _ = session.receive(append([0.5]), at: .zero)
        let actions = session.receive(message(ClientFrame.commit), at: .zero)
        #expect(actions.last == .send(.failed(item: item(1), failure)))
        _ = session.receive(append([0.5]), at: .zero)
        _ = session.receive(message(ClientFrame.commit), at: .zero)
        #expect(session.ended(item: item(2), failure: failure) == [.send(.failed(item: item(2), failure))])
    }

    @Test("Settings that cannot be are refused and change nothing")
    func refusedSettings() {
        var session = session(detects: false, voiceActivity: nil)
        func update(_ input: String) -> RealtimeError? {
            let text = #"{"type":"session.update","session":{"audio":{"input":{\#(input)}}}}"#
            return error(session.receive(message(ClientFrame.text(text)), at: .zero))
        }
        #expect(
            update(#""turn_detection":{"type":"server_vad"},"format":{"type":"audio/pcmu"}"#)?.parameter
                == "session.audio.input.turn_detection")
        let model = update(#""transcription":{"model":"other"}"#)
        #expect(model?.code == .modelNotFound)
        #expect(model?.parameter == "session.audio.input.transcription.model")
        #expect(given(session.receive(append([0.5, 0.5]), at: .zero), to: item(1)) == 2)
    }

    @Test("A format may change in the middle of a turn, and settings count for the next")
    func changes() {
        var session = session(detects: false)
        _ = session.receive(append([0.5, 0.5]), at: .zero)
        let update = message(
            ClientFrame.text(
                #"{"type":"session.update","session":{"audio":{"input":{"format":{"type":"audio/pcmu"},"#
                    + #""transcription":{"language":"de"}}}}}"#))
        let actions = session.receive(update, at: .zero)
        guard case .send(.sessionUpdated(let view)) = actions.last else {
            Issue.record("\(actions)")
            return
        }
        #expect(view.settings.format == .muLaw && view.settings.transcription.language == "de")
        let companded = RealtimeClientMessage(
            Array(#"{"type":"input_audio_buffer.append","audio":"\#(String(repeating: "/", count: 400))"}"#.utf8))
        #expect(given(session.receive(companded, at: .zero), to: item(1)) == (300 - 32) * 2)
        _ = session.receive(message(ClientFrame.commit), at: .zero)
        #expect(
            session.receive(companded, at: .zero).first
                == .begin(item: item(2), RealtimeTranscription(model: "fake", language: "de")))
    }

    @Test("A silent client is let go, but not while it waits for text")
    func idle() {
        var limits = RealtimeLimits()
        limits.idleSeconds = 10
        var session = session(detects: false, limits: limits)
        #expect(session.tick(at: .seconds(9)).isEmpty)
        _ = session.receive(append([0.5]), at: .seconds(9))
        _ = session.receive(message(ClientFrame.commit), at: .seconds(9))
        #expect(session.tick(at: .seconds(20)).isEmpty)
        _ = session.ended(item: item(1), failure: nil)
        let actions = session.tick(at: .seconds(20))
        #expect(error(actions)?.code == .idle)
        #expect(actions.last == .close(.idle))
    }

    @Test("A session ends when it has lasted long enough")
    func expiry() {
        var session = session(detects: false)
        _ = session.receive(append([0.5]), at: .seconds(3599))
        #expect(session.tick(at: .seconds(3599)).isEmpty)
        let actions = session.tick(at: .seconds(3600))
        #expect(error(actions)?.code == .sessionExpired)
        #expect(actions.last == .close(.sessionExpired))
    }

    @Test("Frames that are no text are an error")
    func binary() {
        var session = session(detects: false)
        #expect(error(session.receiveBinary(at: .zero))?.code == .malformedEvent)
    }

    @Test("Each event has an id of its own")
    func eventIDs() throws {
        var session = session(detects: false)
        let ids = try (0..<3).map { _ in try ServerEvent(session.text(.cleared)).eventID }
        #expect(Set(ids).count == 3)
    }

    @Test("No more turns than the limit wait, also of those that were cleared")
    func turnLimit() {
        var limits = RealtimeLimits()
        limits.turns = 3
        var session = session(detects: false, limits: limits)
        for _ in 0..<2 {
            #expect(error(session.receive(append([0.5]), at: .zero)) == nil)
            _ = session.receive(message(ClientFrame.commit), at: .zero)
        }
        #expect(error(session.receive(append([0.5]), at: .zero)) == nil)
        // The turn that is open goes on.
        #expect(given(session.receive(append([0.5]), at: .zero), to: item(3)) == 1)
        _ = session.receive(message(ClientFrame.clear), at: .zero)
        #expect(error(session.receive(append([0.5]), at: .zero))?.code == .bufferFull)
        _ = session.ended(item: item(1), failure: nil)
        #expect(error(session.receive(append([0.5]), at: .zero)) == nil)
        _ = session.receive(message(ClientFrame.commit), at: .zero)
        #expect(error(session.receive(append([0.5]), at: .zero))?.code == .bufferFull)
        _ = session.ended(item: item(3), failure: nil)
        #expect(error(session.receive(append([0.5]), at: .zero)) == nil)
    }

    @Test("Detected turns are limited as well, within one event too, and detection goes on in its place")
    func detectedTurnLimit() {
        var limits = RealtimeLimits()
        limits.turns = 2
        var session = session(detects: true, limits: limits)
        let turn = frames(4, loud: true) + frames(16, loud: false)
        let actions = session.receive(append(turn + turn + turn + turn), at: .zero)
        let begun = actions.filter { if case .begin = $0 { true } else { false } }
        let refused = actions.filter {
            if case .send(.error(let error)) = $0 { error.code == .bufferFull } else { false }
        }
        #expect(begun.count == 2 && refused.count == 1)
        _ = session.ended(item: item(1), failure: nil)
        let next = session.receive(append(turn), at: .zero)
        #expect(next.contains(.send(.speechStarted(item: item(3), audioStartMilliseconds: 2560 - 300))))
    }

    @Test("A server that ends takes no more audio, drops what is open, and closes after the last turn")
    func serverEnds() {
        var session = session(detects: false)
        #expect(session.end().last == .close(.serverEnds))

        session = self.session(detects: false)
        for _ in 0..<2 {
            _ = session.receive(append([0.5]), at: .zero)
            _ = session.receive(message(ClientFrame.commit), at: .zero)
        }
        _ = session.receive(append([0.5]), at: .zero)
        let actions = session.end()
        #expect(error(actions)?.code == .unavailable)
        #expect(actions.last == .cancel(item: item(3)))
        #expect(session.receive(append([0.5]), at: .zero).isEmpty)
        #expect(error(session.receive(message(ClientFrame.commit), at: .zero))?.code == .bufferEmpty)
        #expect(session.ended(item: item(3), failure: nil).isEmpty)
        #expect(session.ended(item: item(1), failure: nil).count == 1)
        let failure = RealtimeError(.internalError, "broken")
        #expect(session.ended(item: item(2), failure: failure).last == .close(.serverEnds))
    }
}
