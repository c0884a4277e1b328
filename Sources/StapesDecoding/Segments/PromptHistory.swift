/// The text so far, and how much of it the next window gets to see.
struct PromptHistory: Sendable {
    /// The initial prompt's ids, then those of every segment.
    private var tokens: [Int]
    private let initialCount: Int
    private let carriesInitial: Bool
    /// Ids before this index are no longer shown.
    private var shownSince = 0

    init(initialPrompt: [Int], carriesInitial: Bool) {
        tokens = initialPrompt
        initialCount = initialPrompt.count
        self.carriesInitial = carriesInitial
    }

    /// The ids of all segments, stamps included.
    var transcript: ArraySlice<Int> { tokens[initialCount...] }

    /// The ids before the start of the next window's transcript: at most `SamplingLimits.historyLength`.
    var context: [Int] {
        let room = SamplingLimits.historyLength
        guard carriesInitial else { return Array(tokens[shownSince...].suffix(room)) }
        let initial = tokens[..<initialCount]
        let recent = tokens[max(initialCount, shownSince)...].referenceTail(room - initialCount)
        return Array((initial + recent).suffix(room))
    }

    mutating func append(_ ids: [Int]) {
        tokens += ids
    }

    /// Hides everything so far from the windows to come.
    mutating func reset() {
        shownSince = tokens.count
    }
}
