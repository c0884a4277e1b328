import StapesTokenizer

/// The walk through one file: which window comes next, and which segments a window yields.
///
/// A state machine that decodes nothing itself (decoding.md, section 6). Ask `next()` for a window, decode it, hand
/// the result to `receive(_:)`, and begin again:
///
///     while case .decode(let job) = loop.next() {
///         segments += loop.receive(decode(job))
///     }
///
/// It always ends: every window advances by at least one frame inside a clip that lies within the content.
package struct SeekLoop: Sendable {
    package enum Action: Sendable, Hashable {
        case decode(WindowJob)
        case finished
    }

    /// Frames of the file.
    package let contentFrames: Int
    /// First frame that no window has covered yet; may lie past the content at the end.
    package private(set) var seek: Int
    /// Segments so far, and so the id of the next one.
    package private(set) var segmentCount = 0

    private let options: SeekOptions
    private let coder: any TextCoder
    /// How windows begin from now on: another language changes it between two windows.
    package var startSequence: [Int]
    private let prefix: [Int]
    private let hotwords: [Int]
    private let clips: [Clip]
    private var clipIndex = 0
    private var history: PromptHistory
    private var pending: WindowJob?

    /// - Parameter startSequence: from `SpecialTokens.startSequence`.
    package init(
        contentFrames: Int, startSequence: [Int], options: SeekOptions = SeekOptions(), coder: some TextCoder
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
    }

    /// The text of all segments so far.
    package var text: String { coder.decode(history.transcript) }

    /// The window to decode. The same one again until its result has been received.
    package mutating func next() -> Action {
        if let pending {
            return .decode(pending)
        }
        while clipIndex < clips.count, seek >= clips[clipIndex].end {
            clipIndex += 1
            if clipIndex < clips.count {
                seek = clips[clipIndex].start
            }
        }
        guard clipIndex < clips.count else { return .finished }
        let prompt = WindowPrompt(
            hotwords: hotwords, history: history.context, startSequence: startSequence, prefix: prefix, special: coder.special)
        let size = min(options.windowFrames, clips[clipIndex].end - seek)
        let job = WindowJob(seek: seek, size: size, prompt: prompt, sampleLength: options.sampleLength)
        pending = job
        return .decode(job)
    }

    /// Takes in the result of the window that `next()` gave; returns its segments, none if it is silent.
    package mutating func receive(_ result: WindowResult) -> [Segment] {
        guard let job = pending else {
            preconditionFailure("a window's result belongs to the window that next() gave before")
        }
        pending = nil
        guard !options.isSilent(result) else {
            seek += job.size
            return []
        }
        let split = WindowSplit(
            tokens: result.tokens, seek: job.seek, size: job.size, timestampBegin: coder.special.timestampBegin)
        let segments = segments(of: split, job: job, result: result)
        seek += split.advance
        segmentCount += segments.count
        for segment in segments {
            history.append(segment.tokens)
        }
        if !options.conditionOnPreviousText || result.temperature > options.promptResetOnTemperature {
            history.reset()
        }
        return segments
    }

    private func segments(of split: WindowSplit, job: WindowJob, result: WindowResult) -> [Segment] {
        let compressionRatio = result.compressionRatio(coder)
        return split.pieces.enumerated().map { index, piece in
            var segment = Segment(
                id: segmentCount + index, seek: job.seek, start: piece.start, end: piece.end,
                text: coder.decode(piece.tokens.lazy.filter { $0 < coder.special.endOfText }),
                tokens: Array(piece.tokens), temperature: result.temperature,
                averageLogProbability: result.averageLogProbability, compressionRatio: compressionRatio,
                noSpeechProbability: result.noSpeechProbability)
            // The place stays in the list, so ids and times go on as in the reference; its content does not.
            if segment.start == segment.end || segment.text.strippingWhitespace().isEmpty {
                segment.text = ""
                segment.tokens = []
            }
            return segment
        }
    }
}
