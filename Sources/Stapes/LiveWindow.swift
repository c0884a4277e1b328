import StapesDecoding

/// Live audio from the last final point on: when to look at it, and which segments are final.
///
/// A state machine that transcribes nothing itself. Ask `next()` what to do, do it, and begin again:
///
///     loop: while true {
///         switch window.next() {
///         case .listen: if let samples = await more() { window.hear(samples) } else { window.end() }
///         case .look(let look): results += window.receive(transcribe(look), language: language)
///         case .tell(let result): results.append(result)
///         case .finished: break loop
///         }
///     }
///
/// Looks come at points of the audio that do not depend on how it is cut into chunks, so neither does the text, unless
/// it is to catch up. It keeps a window at most, and what a chunk has beyond it.
package struct LiveWindow: Sendable {
    package enum Action: Sendable, Hashable {
        case listen
        case look(Look)
        case tell(LiveResult)
        case finished
    }

    /// Audio to transcribe, as if it were the rest of a file.
    package struct Look: Sendable, Hashable {
        package var samples: [Float]
        package var past: FileWalk.Past
        package var reach: Reach
    }

    package enum Reach: Sendable, Hashable {
        /// More will follow in this window.
        case growing
        /// The window is full: it alone is transcribed, and its segments are final.
        case full
        /// Nothing follows.
        case last
    }

    /// Something final has been said.
    package var hasFinal: Bool { finalCount > 0 }

    private let options: SeekOptions
    private let stepSamples: Int
    private let pauseSeconds: Double
    private let catchesUp: Bool

    /// What has been heard since the final point.
    private var window: [Float] = []
    /// What has come and is not heard yet.
    private var pending: ArraySlice<Float> = []
    private var hasEnded = false
    /// First frame of the window: the final point.
    private var position = 0
    /// Samples of the window at the next look.
    private var nextLook: Int
    /// The look that was asked for.
    private var look: Look?
    /// Segments that may still change, from the last look.
    private var open: [Segment] = []
    /// The last look saw all that has been heard.
    private var isCurrent = true
    private var finalCount = 0
    private var past = FileWalk.Past()
    private var language = ""

    /// - Parameters:
    ///   - options: how the window is walked through.
    ///   - catchesUp: whether one look takes all that has come meanwhile, however many steps that is.
    package init(options: SeekOptions, stepSeconds: Double, pauseSeconds: Double, catchesUp: Bool = false) {
        self.options = options
        self.pauseSeconds = pauseSeconds
        self.catchesUp = catchesUp
        stepSamples = max(1, Int(stepSeconds * Double(WindowTime.sampleRate)))
        nextLook = min(stepSamples, options.windowFrames * WindowTime.hopLength)
    }

    private var fullSamples: Int { options.windowFrames * WindowTime.hopLength }

    /// Takes in samples that follow those before.
    package mutating func hear(_ samples: [Float]) {
        precondition(!hasEnded, "nothing follows the end")
        pending = pending.isEmpty ? samples[...] : pending + samples
    }

    /// Nothing more will be heard.
    package mutating func end() { hasEnded = true }

    /// What to do. After `look` the same again until its outcome has been received.
    package mutating func next() -> Action {
        if let look { return .look(look) }
        if catchesUp { nextLook = max(nextLook, min(window.count + pending.count, fullSamples)) }
        let taken = min(nextLook - window.count, pending.count)
        if taken > 0 {
            window += pending.prefix(taken)
            pending = taken == pending.count ? [] : pending.dropFirst(taken)
            isCurrent = false
        }
        if window.count >= nextLook { return begin(window.count >= fullSamples ? .full : .growing) }
        guard hasEnded else { return .listen }
        // What is less than a frame cannot be looked at.
        if !isCurrent, window.count >= WindowTime.hopLength { return begin(.last) }
        guard let result = result(of: open, isFinal: true) else { return .finished }
        finish(open)
        open = []
        return .tell(result)
    }

    private mutating func begin(_ reach: Reach) -> Action {
        let look = Look(samples: window, past: past, reach: reach)
        self.look = look
        return .look(look)
    }

    /// Takes in what was heard in the look that `next()` gave, with times from its beginning; returns what there is to
    /// tell, at most a final result and one that is not.
    package mutating func receive(_ found: FileWalk.Result, language: String) -> [LiveResult] {
        guard let look else { preconditionFailure("a result belongs to the look that next() gave before") }
        self.look = nil
        self.language = language
        let frames = window.count / WindowTime.hopLength
        let segments = placed(found.segments, frames: frames)

        let settled: Int
        let advance: Int
        switch look.reach {
        case .last: (settled, advance) = (segments.count, frames)
        case .full: (settled, advance) = (segments.count, found.frames)
        case .growing:
            settled = settledCount(of: segments, heard: seconds(position + frames))
            advance = settled > 0 ? frame(segments[settled - 1].end) - position : 0
        }
        let hadOpen = !open.isEmpty
        open = Array(segments[settled...])
        let finals = result(of: Array(segments[..<settled]), isFinal: true)
        finish(Array(segments[..<settled]))
        position += advance
        window.removeFirst(min(advance * WindowTime.hopLength, window.count))
        nextLook = min(window.count + stepSamples, fullSamples)
        // Of a full window the rest has not been looked at.
        isCurrent = look.reach != .full || window.isEmpty

        if let more = result(of: open, isFinal: false) { return (finals.map { [$0] } ?? []) + [more] }
        if let finals { return [finals] }
        guard hadOpen else { return [] }
        let silence = seconds(position - advance)..<seconds(position - advance + frames)
        return [LiveResult(text: "", segments: [], isFinal: false, range: silence, language: language)]
    }

    /// How many of the segments will not change: those that something follows, speech or a pause, and that the look
    /// before had in the same words.
    ///
    /// A heuristic (local agreement): the end of what was heard cuts a word, and a look at half a word may find two
    /// segments where there is one. A probability that a segment is whole would replace it.
    private func settledCount(of segments: [Segment], heard: Double) -> Int {
        guard let last = segments.last else { return 0 }
        // Text without an end reaches to the end of what was heard.
        let isFollowed = heard - last.end >= max(pauseSeconds, WindowTime.stampSeconds)
        let agreed = zip(segments, open).prefix { $0.text == $1.text }.count
        return min(agreed, isFollowed ? segments.count : segments.count - 1)
    }

    /// Segments of the window as segments of all that was heard. A stamp may lie past what was heard, and a word before
    /// the window; they are moved to its edges.
    private func placed(_ segments: [Segment], frames: Int) -> [Segment] {
        let (first, last) = (seconds(position), seconds(position + frames))
        return segments.filter { !$0.isBlank }.enumerated().map { index, segment in
            var segment = segment.moved(by: first, id: finalCount + index)
            segment.start = min(max(segment.start, first), last)
            segment.end = min(max(segment.end, segment.start), last)
            return segment
        }
    }

    /// The segments lead what follows, as in `SeekLoop`.
    private mutating func finish(_ segments: [Segment]) {
        finalCount += segments.count
        for segment in segments {
            past.history = (past.history + segment.tokens).suffix(SamplingLimits.historyLength)
            if !options.conditionOnPreviousText || segment.temperature > options.promptResetOnTemperature {
                past = FileWalk.Past(showsInitialPrompt: false)
            }
        }
    }

    /// Nil if nothing was said.
    private func result(of segments: [Segment], isFinal: Bool) -> LiveResult? {
        guard let first = segments.first, let last = segments.last else { return nil }
        return LiveResult(
            text: segments.map(\.text).joined(), segments: segments, isFinal: isFinal, range: first.start..<last.end,
            language: language)
    }

    private func seconds(_ frames: Int) -> Double { WindowTime.seconds(frames: frames) }

    private func frame(_ seconds: Double) -> Int {
        Int((seconds * Double(WindowTime.framesPerSecond)).rounded(.toNearestOrEven))
    }
}
