import StapesTokenizer

/// The numbers that the rules of one request consist of, beside the list of suppressed ids.
package struct RuleParameters: Sendable, Hashable {
    package let endOfText: Int
    /// The id of `" "`; every Whisper vocabulary has exactly one.
    package let blankToken: Int?
    package let noTimestamps: Int
    package let timestampBegin: Int
    /// The last stamp that a window may begin with, counted from `timestampBegin`; nil allows all.
    package let lastInitialTimestamp: Int?
    /// The stamp at the window's end, counted from `timestampBegin`; nil where that is the last there is.
    package let lastTimestamp: Int?
    package let timestamps: Bool
    package let suppressesBlank: Bool

    init(special: SpecialTokens, options: FilterOptions, blankToken: Int?) {
        endOfText = special.endOfText
        self.blankToken = blankToken
        noTimestamps = special.noTimestamps
        timestampBegin = special.timestampBegin
        lastInitialTimestamp = WindowTime.lastAllowedStamp(maximumInitialTimestamp: options.maximumInitialTimestamp)
        lastTimestamp = options.windowStamps.flatMap { $0 < WindowTime.stampsPerWindow ? $0 : nil }
        timestamps = options.timestamps
        suppressesBlank = options.suppressBlank
    }
}
