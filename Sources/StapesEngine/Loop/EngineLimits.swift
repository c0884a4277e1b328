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
            audioContext: model.audioContext, pageBytes: pageBytes, blockBytes: blockBytes, cacheBytes: cacheBytes,
            encodingWindows: configuration.encoderWindows(for: model))
    }

    /// More windows than that are not kept, however small they are.
    private static let mostIdleBlocks = 4096
}

extension EngineConfiguration {
    /// Windows that may be encoded at once: what was asked for, or what the device is for, but not more than there are
    /// rows.
    ///
    /// One window keeps a processor busy. Of a GPU it fills a part, and most of its launches are short. More than eight
    /// make those that come next wait for long (heuristic; what would replace it is a measurement when the engine starts).
    /// Their activations take a small part of the memory.
    package func encoderWindows(for model: ModelConfiguration) -> Int {
        let most = max(1, maximumRows)
        if let encoderWindows { return min(max(1, encoderWindows), most) }
        guard case .cuda(let context) = device, let total = try? context.memory().total else { return 1 }
        let room = total / Self.encoderShareOfMemory / encoderBytesPerWindow(for: model)
        return min(max(1, room), Self.defaultEncoderWindows, most)
    }

    private static let defaultEncoderWindows = 8
    /// One part in so many.
    private static let encoderShareOfMemory = 32

    /// Bytes of activations and features that each window takes of those that are encoded at once.
    package func encoderBytesPerWindow(for model: ModelConfiguration) -> Int {
        AudioEncoder.workspaceByteCount(model, type: types.encoder)
            + TextDecoder.windowByteCount(model, types: types.decoder)
            + AudioEncoder.featureStride(model) * MemoryLayout<Float>.stride
    }

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
