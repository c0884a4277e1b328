/// Which rules a request wants, and their settings.
package struct FilterOptions: Sendable, Hashable {
    /// Ids that are never sampled. Nil, or a list with -1, stands for (or adds) the non-speech symbols.
    package var suppressTokens: [Int]?
    package var suppressBlank: Bool
    package var timestamps: Bool
    /// The latest first stamp of a window, in seconds; nil, zero and less mean no limit.
    package var maximumInitialTimestamp: Double?
    /// Stamps of 20 ms that the window is long: none past its end is written. Nil is the model's 30 seconds.
    package var windowStamps: Int?

    package init(
        suppressTokens: [Int]? = nil, suppressBlank: Bool = true, timestamps: Bool = true,
        maximumInitialTimestamp: Double? = 1.0, windowStamps: Int? = nil
    ) {
        self.suppressTokens = suppressTokens
        self.suppressBlank = suppressBlank
        self.timestamps = timestamps
        self.maximumInitialTimestamp = maximumInitialTimestamp
        self.windowStamps = windowStamps
    }
}
