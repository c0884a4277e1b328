import StapesModel

extension SchedulerLimits {
    /// Tokens of prompts in one step: two full prompts, or one a row where rows are many.
    private static let prefillTokens = 512

    /// Arenas that hold every row at its longest.
    package init(_ configuration: EngineConfiguration, model: ModelConfiguration) {
        let pagesPerRow = (model.textContext + KVLayout.tilePositions - 1) / KVLayout.tilePositions
        self.init(
            rows: configuration.maximumRows, selfPages: configuration.maximumRows * pagesPerRow + 1,
            crossBlocks: configuration.maximumRows + 1, prefillTokens: max(Self.prefillTokens, model.textContext),
            textContext: model.textContext, audioContext: model.audioContext,
            keepsWindows: configuration.keepsWindows)
    }
}
