/// What there is to share out.
package struct SchedulerLimits: Sendable, Hashable {
    /// Sequences admitted at a time.
    package let rows: Int
    /// Pages of the self arena, the reserved one included.
    package let selfPages: Int
    /// Blocks of the cross arena, the reserved one included.
    package let crossBlocks: Int
    /// Tokens of prompts in one step.
    package let prefillTokens: Int
    /// Positions of the decoder: 0 to one less.
    package let textContext: Int
    /// Positions of a window at most.
    package let audioContext: Int
    /// Bytes of a page, of a block, and of all pages and blocks together that keep what nobody uses.
    package let pageBytes: Int
    package let blockBytes: Int
    package let cacheBytes: Int
    /// Steps from one encoding to the next while rows are decoding; see `defaultEncodingInterval`.
    package let encodingInterval: Int
    /// Windows of full length that may be encoded at once.
    package let encodingWindows: Int

    package init(
        rows: Int, selfPages: Int, crossBlocks: Int, prefillTokens: Int, textContext: Int, audioContext: Int,
        pageBytes: Int = 1, blockBytes: Int = 1, cacheBytes: Int = .max,
        encodingInterval: Int = SchedulerLimits.defaultEncodingInterval, encodingWindows: Int = 1
    ) {
        precondition(encodingInterval > 0 && encodingWindows > 0, "windows are encoded")
        self.rows = rows
        self.selfPages = selfPages
        self.crossBlocks = crossBlocks
        self.prefillTokens = prefillTokens
        self.textContext = textContext
        self.audioContext = audioContext
        self.pageBytes = pageBytes
        self.blockBytes = blockBytes
        self.cacheBytes = cacheBytes
        self.encodingInterval = encodingInterval
        self.encodingWindows = encodingWindows
    }

    /// A window is encoded every step. Larger numbers let running rows end sooner and keep new ones waiting; 2, 4 and 8
    /// showed no gain that stood out of the noise (docs/Lab.md).
    package static let defaultEncodingInterval = 1

    /// Pages for the longest outcome of every hypothesis. The last token sampled is never fed back and needs no place.
    func pages(for demand: SequenceDemand) -> Int {
        let positions = min(demand.promptCount + max(demand.stepLimit - 1, 0), textContext)
        return BeamPages.count(prompt: demand.promptCount, positions: positions, width: demand.width)
    }

    /// - Throws: `invalidRequest` for a demand that no state of the arenas could meet.
    func check(_ demand: SequenceDemand) throws(EngineError) {
        guard demand.promptCount > 0, demand.promptCount <= min(prefillTokens, textContext) else {
            throw EngineError(
                .invalidRequest,
                "a prompt of \(demand.promptCount) tokens; 1 to \(min(prefillTokens, textContext)) can be served")
        }
        // The token at the last position may be sampled but not fed: one more than there are positions.
        guard demand.stepLimit > 0, demand.stepLimit <= textContext + 1 - demand.promptCount else {
            throw EngineError(
                .invalidRequest,
                "\(demand.stepLimit) tokens after a prompt of \(demand.promptCount) do not fit \(textContext) positions"
            )
        }
        guard demand.encoderLength > 0, demand.encoderLength <= audioContext else {
            throw EngineError(
                .invalidRequest, "a window of \(demand.encoderLength) positions; 1 to \(audioContext) can be served")
        }
        guard demand.width > 0, demand.width <= rows else {
            throw EngineError(.invalidRequest, "a beam of \(demand.width) hypotheses; at most \(rows) rows can be run")
        }
        guard pages(for: demand) < selfPages, crossBlocks > 1, rows > 0 else {
            throw EngineError(.invalidRequest, "a sequence of this length is larger than the whole cache")
        }
    }
}
