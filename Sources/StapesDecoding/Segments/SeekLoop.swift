import StapesTokenizer

/// The walk through one file: which window comes next, and which segments a window yields.
///
/// A state machine that decodes nothing itself (decoding.md, sections 6 to 8). Ask `next()` what to do, do it, hand the
/// outcome to `receive(_:)`, and begin again:
///
///     loop: while true {
///         switch loop.next() {
///         case .decode(let job): segments += loop.receive(decode(job))
///         case .align(let job): segments += loop.receive(align(job))
///         case .finished: break loop
///         }
///     }
///
/// Without word times it asks for no alignment, and a window's result yields its segments at once. With them a window
/// that has text is aligned between the two.
///
/// It always ends: every window advances by at least one frame inside a clip that lies within the content.
package struct SeekLoop: Sendable {
    package enum Action: Sendable, Hashable {
        case decode(WindowJob)
        /// Find the text of the window just decoded in time.
        case align(AlignmentJob)
        case finished
    }

    /// What was asked for, and is waited for.
    private enum Pending: Sendable {
        case decode(WindowJob)
        case align(AlignmentJob, DecodedWindow)
    }

    /// Frames of the file.
    package let contentFrames: Int
    /// First frame that no window has covered yet; may lie past the content at the end.
    package private(set) var seek: Int
    /// Segments so far, and so the id of the next one.
    package private(set) var segmentCount = 0

    private let options: SeekOptions
    private let coder: any TextCoder
    private var startSequence: [Int]
    private let prefix: [Int]
    private let hotwords: [Int]
    private let clips: [Clip]
    private var clipIndex = 0
    private var history: PromptHistory
    /// Ids of the history that are of no segment here.
    private let pastCount: Int
    private var pending: Pending?
    /// Nil without word times.
    private var words: WordTimes?

    /// - Parameters:
    ///   - startSequence: from `SpecialTokens.startSequence`.
    ///   - past: the ids of the text before, where the file is the rest of another; after the initial prompt.
    package init(
        contentFrames: Int, startSequence: [Int], options: SeekOptions = SeekOptions(), history past: [Int] = [],
        coder: some TextCoder
    ) {
        self.contentFrames = contentFrames
        self.options = options
        self.coder = coder
        self.startSequence = startSequence
        prefix = WindowPrompt.prefixTokens(
            options.prefix, startCount: startSequence.count, options: options, coder: coder)
        hotwords = WindowPrompt.hotwordTokens(options.hotwords, hasPrefix: !prefix.isEmpty, coder: coder)
        clips = Clip.clips(timestamps: options.clipTimestamps, contentFrames: contentFrames)
        seek = clips[0].start
        history = PromptHistory(
            initialPrompt: options.initialPrompt.map { coder.encode(" " + $0.strippingWhitespace()) } ?? [],
            carriesInitial: options.carryInitialPrompt)
        history.append(past)
        pastCount = past.count
        words = options.words.map {
            WordTimes(options: $0, contentFrames: contentFrames, windowFrames: options.windowFrames, coder: coder)
        }
    }

    /// The text of all segments so far.
    package var text: String { coder.decode(history.transcript.dropFirst(pastCount)) }

    /// What to do. The same again until its outcome has been received.
    package mutating func next() -> Action {
        switch pending {
        case .decode(let job): return .decode(job)
        case .align(let job, _): return .align(job)
        case nil: break
        }
        while clipIndex < clips.count, seek >= clips[clipIndex].end {
            clipIndex += 1
            if clipIndex < clips.count {
                seek = clips[clipIndex].start
            }
        }
        guard clipIndex < clips.count else { return .finished }
        let prompt = WindowPrompt(
            hotwords: hotwords, history: history.context, startSequence: startSequence, prefix: prefix,
            special: coder.special)
        let size = min(options.windowFrames, clips[clipIndex].end - seek)
        let job = WindowJob(seek: seek, size: size, prompt: prompt, sampleLength: options.sampleLength)
        pending = .decode(job)
        return .decode(job)
    }

    /// Lets the window that was asked for, and those behind it, begin otherwise: its language has been listened for.
    package mutating func begin(with startSequence: [Int]) -> WindowJob {
        guard case .decode = pending else { preconditionFailure("a window has been asked for") }
        self.startSequence = startSequence
        pending = nil
        guard case .decode(let job) = next() else { preconditionFailure("the window is still there") }
        return job
    }

    /// Takes in the result of the window that `next()` gave; returns its segments, none if it is silent or is to be
    /// aligned before.
    package mutating func receive(_ result: WindowResult) -> [Segment] {
        guard case .decode(let job) = pending else {
            preconditionFailure("a window's result belongs to the window that next() gave before")
        }
        pending = nil
        guard !options.isSilent(result) else {
            seek += job.size
            return []
        }
        let window = DecodedWindow(result, job: job, firstID: segmentCount, coder: coder)
        guard words != nil else { return finish(window) }
        let special = coder.special
        let alignment = AlignmentJob(
            seek: job.seek, size: job.size, startSequence: startSequence,
            text: window.segments.flatMap(\.tokens).filter { $0 < special.endOfText },
            noTimestamps: special.noTimestamps, endOfText: special.endOfText)
        guard !alignment.text.isEmpty else { return finish(window, alignment, .empty) }
        pending = .align(alignment, window)
        return []
    }

    /// Takes in the alignment that `next()` asked for; returns the window's segments, none if they look made up.
    package mutating func receive(_ alignment: WindowAlignment) -> [Segment] {
        guard case .align(let job, let window) = pending else {
            preconditionFailure("an alignment belongs to the window that next() gave before")
        }
        pending = nil
        return finish(window, job, alignment)
    }

    private mutating func finish(
        _ window: DecodedWindow, _ job: AlignmentJob, _ alignment: WindowAlignment
    ) -> [Segment] {
        var window = window
        guard words?.assign(alignment, of: job, to: &window) ?? true else {
            seek = window.nextSeek
            return []
        }
        return finish(window)
    }

    private mutating func finish(_ window: DecodedWindow) -> [Segment] {
        var window = window
        window.clearBlankSegments()
        seek = window.nextSeek
        segmentCount += window.segments.count
        for segment in window.segments {
            history.append(segment.tokens)
        }
        if !options.conditionOnPreviousText || window.temperature > options.promptResetOnTemperature {
            history.reset()
        }
        return window.segments
    }
}
