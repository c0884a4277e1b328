import StapesDevice
import StapesModel

extension SchedulerLimits {
    /// Tokens of prompts in one step: two full prompts, or one a row where rows are many.
    private static let prefillTokens = 512

    /// Arenas that hold every row at its longest, and what may be kept beside them. Their size is address space: a page
    /// or block takes memory from the first time it is written, and those that were written are taken again first.
    package init(_ configuration: EngineConfiguration, model: ModelConfiguration) {
        let rows = configuration.maximumRows
        let pagesPerRow = (model.textContext + KVLayout.tilePositions - 1) / KVLayout.tilePositions
        let types = configuration.types
        let pageBytes = KVLayout(model, positionsPerPage: KVLayout.tilePositions, type: types.cache).bytesPerPage
        let blockBytes = KVLayout(model, positionsPerPage: model.audioContext, type: types.crossCache).bytesPerPage
        let cacheBytes = configuration.cacheByteCount(blockBytes: blockBytes)
        self.init(
            rows: rows,
            // The history of a prompt takes half of a row.
            selfPages: 1 + rows * pagesPerRow + min(rows * pagesPerRow / 2, cacheBytes / pageBytes),
            crossBlocks: 1 + rows + min(Self.mostIdleBlocks, cacheBytes / blockBytes),
            prefillTokens: max(Self.prefillTokens, model.textContext), textContext: model.textContext,
            audioContext: model.audioContext, pageBytes: pageBytes, blockBytes: blockBytes, cacheBytes: cacheBytes)
    }

    /// More windows than that are not kept, however small they are.
    private static let mostIdleBlocks = 4096
}

extension EngineConfiguration {
    /// Bytes that windows and prompts nobody uses may take. Unless told otherwise as much as one window, so that a window
    /// that is asked for again at once is never encoded again, and not less than 64 MiB.
    func cacheByteCount(blockBytes: Int) -> Int { cacheBytes ?? max(64 << 20, blockBytes) }
}

extension KVLayout {
    init(_ model: ModelConfiguration, positionsPerPage: Int, type: ScalarType) {
        self.init(
            layers: model.decoderLayers, heads: model.decoderHeads, positionsPerPage: positionsPerPage, type: type)
    }
}
