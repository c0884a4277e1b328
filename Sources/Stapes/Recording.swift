import StapesAudio
import StapesDecoding

/// A file as it is transcribed: whole, without its silences, or in windows of speech that are decoded side by side.
struct Recording: Sendable {
    /// Seconds of audio.
    let duration: Double
    /// What took place before the engine, in seconds.
    var featureSeconds = 0.0
    /// What is listened to for the language.
    let heard: AudioFeatures
    private let form: Form

    private enum Form: Sendable {
        case whole(AudioFeatures)
        /// Speech alone, one stretch after the other.
        case speech(AudioFeatures, SpeechMap)
        /// Speech packed into windows.
        case windows([Window], SpeechMap)
    }

    private struct Window: Sendable {
        let audio: AudioFeatures
        /// Where it begins in concatenated speech, in seconds.
        let offset: Double
    }

    /// - Parameter isCancelled: is asked now and then whether to give up.
    /// - Throws: `model` if speech is to be found and cannot be; `cancelled`.
    init(
        _ pcm: PCM, options: TranscriptionOptions, extractor: FeatureExtractor, speech: SpeechFinder,
        isCancelled: WorkPool.IsCancelled
    ) throws(StapesError) {
        func goOn() throws(StapesError) {
            if isCancelled() { throw StapesError(.cancelled, "the task was cancelled") }
        }
        try goOn()
        duration = pcm.durationSeconds
        guard options.batched || options.voiceActivity != nil else {
            heard = extractor.extract(pcm)
            form = .whole(heard)
            return
        }
        let chunks = try speech.speech(in: pcm, options: options.speech, isCancelled: isCancelled)
        let map = SpeechMap(chunks)
        guard options.batched else {
            heard = extractor.extract(pcm.concatenating(chunks))
            form = .speech(heard, map)
            return
        }
        // Each window is heard by itself, so its loudest moment is its own.
        var windows: [Window] = []
        for window in SpeechWindow.pack(chunks) {
            try goOn()
            windows.append(
                Window(audio: extractor.extract(pcm.concatenating(window.chunks)), offset: window.offsetSeconds))
        }
        heard = windows.first?.audio ?? extractor.extract(pcm.concatenating([]))
        form = .windows(windows, map)
    }

    /// - Parameter onEvent: is told of segments and progress, in order.
    func transcribe(
        by walk: FileWalk, _ statistics: inout TranscriptionStatistics,
        onEvent: EventSink
    ) async throws(StapesError) -> FileWalk.Result {
        switch form {
        case .whole(let audio):
            return try await transcribe(audio, by: walk, &statistics, map: { $0 }, onEvent: onEvent)
        case .speech(let audio, let map):
            return try await transcribe(
                audio, by: walk, &statistics, map: { $0.mapped(by: map) }, onEvent: onEvent)
        case .windows(let windows, let map):
            return try await transcribe(windows, map, by: walk, &statistics, onEvent: onEvent)
        }
    }

    private func transcribe(
        _ audio: AudioFeatures, by walk: FileWalk, _ statistics: inout TranscriptionStatistics,
        map: (Segment) -> Segment,
        onEvent: EventSink
    ) async throws(StapesError) -> FileWalk.Result {
        var result = try await walk.run(audio, &statistics) { segments, frames in
            for segment in segments { await onEvent(.segment(map(segment))) }
            let share = audio.contentFrames > 0 ? Double(frames) / Double(audio.contentFrames) : 1
            await onEvent(.progress(seconds: share * duration, of: duration))
        }
        result.segments = result.segments.map(map)
        return result
    }

    /// All windows at once; the engine batches them. Segments are told of as soon as those before them are there.
    private func transcribe(
        _ windows: [Window], _ map: SpeechMap, by walk: FileWalk, _ statistics: inout TranscriptionStatistics,
        onEvent: EventSink
    ) async throws(StapesError) -> FileWalk.Result {
        var pieces = [Piece?](repeating: nil, count: windows.count)
        var result = FileWalk.Result()
        var told = 0
        var failure: StapesError?
        await withTaskGroup(of: (Int, Swift.Result<Piece, StapesError>).self) { group in
            var started = 0
            func startNext() {
                guard started < windows.count else { return }
                let (index, window) = (started, windows[started])
                group.addTask { (index, await Self.piece(window, walk)) }
                started += 1
            }
            for _ in 0..<walk.windows.windowsAhead { startNext() }
            for await (index, piece) in group {
                switch piece {
                case .success(let piece):
                    pieces[index] = piece
                    startNext()
                case .failure(let error):
                    // The cause is reported, not the cancellations that follow it.
                    if failure == nil { failure = error }
                    group.cancelAll()
                }
                while told < pieces.count, let piece = pieces[told] {
                    result.text += piece.result.text
                    for segment in piece.result.segments {
                        let mapped = segment.moved(
                            by: windows[told].offset, id: result.segments.count
                        ).mapped(by: map)
                        result.segments.append(mapped)
                        await onEvent(.segment(mapped))
                    }
                    statistics.add(piece.statistics)
                    told += 1
                    await onEvent(.progress(seconds: duration * Double(told) / Double(pieces.count), of: duration))
                }
            }
        }
        if let failure { throw failure }
        return result
    }

    private struct Piece: Sendable {
        let result: FileWalk.Result
        let statistics: TranscriptionStatistics
    }

    private static func piece(_ window: Window, _ walk: FileWalk) async -> Swift.Result<Piece, StapesError> {
        var statistics = TranscriptionStatistics()
        do throws(StapesError) {
            return .success(Piece(result: try await walk.run(window.audio, &statistics), statistics: statistics))
        } catch {
            return .failure(error)
        }
    }
}

extension Segment {
    /// The segment of a window that begins `seconds` later.
    func moved(by seconds: Double, id: Int) -> Segment {
        var segment = self
        segment.id = id
        segment.seek += Int((seconds * Double(WindowTime.framesPerSecond)).rounded())
        segment.start += seconds
        segment.end += seconds
        segment.words = words?.map {
            Word(word: $0.word, start: $0.start + seconds, end: $0.end + seconds, probability: $0.probability)
        }
        return segment
    }

    /// The segment with its times in the audio that the speech was cut from (faster-whisper's
    /// `restore_speech_timestamps`): words by their middle, and the segment by its words where it has any.
    fileprivate func mapped(by map: SpeechMap) -> Segment {
        var segment = self
        segment.words = words?.map {
            let (start, end) = map.word(start: $0.start, end: $0.end)
            return Word(word: $0.word, start: start, end: end, probability: $0.probability)
        }
        if let first = segment.words?.first, let last = segment.words?.last {
            (segment.start, segment.end) = (first.start, last.end)
        } else {
            (segment.start, segment.end) = map.segment(start: start, end: end)
        }
        return segment
    }
}
