import StapesDevice
import StapesModel

/// The encoder step: the features of some windows to cross keys and values, a block each.
///
/// Windows of full length are captured, and may be several: there is a graph for each number of them, so that no window is
/// ever computed to fill one up, which a window costs as much as to be encoded. A shorter one runs alone and eagerly, since
/// its products have other shapes.
package final class EncoderPlane {
    /// What is encoded, and where to.
    package struct Window: Sendable {
        /// Log-mel, or samples where that is made here.
        package let features: WindowFeatures
        package let block: Int32

        package init(features: WindowFeatures, block: Int32) {
            self.features = features
            self.block = block
        }

        /// - Parameter features: log-mel, `[2 * positions, melBins]`.
        package init(features: [Float], block: Int32) { self.init(features: .logMel(features), block: block) }
    }

    package let slots: SlotRegistry
    package let graphs = CapturedGraphs()
    /// The most windows of a step.
    package let maximumWindows: Int
    private let features: FeatureStage
    private let audioContext: Int
    private let windowSlots: StaticSlot
    private let encoder: AudioEncoder
    private let decoder: TextDecoder
    private let backend: any AttentionBackend
    private let pool: KVPool
    /// On which windows are encoded.
    package let stream: Stream

    init(
        encoder: AudioEncoder, decoder: TextDecoder, backend: any AttentionBackend, pool: KVPool,
        model: ModelConfiguration, maximumWindows: Int, makesLogMel: Bool, stream: Stream
    ) throws(DeviceError) {
        precondition(maximumWindows > 0, "windows are encoded")
        self.encoder = encoder
        self.decoder = decoder
        self.backend = backend
        self.pool = pool
        self.stream = stream
        slots = SlotRegistry(on: stream)
        audioContext = model.audioContext
        self.maximumWindows = maximumWindows
        features = try FeatureStage(
            model, windows: maximumWindows, makesLogMel: makesLogMel, slots: slots, on: stream)
        windowSlots = try StaticSlot(
            "cross write slot", domain: .token, count: maximumWindows * model.audioContext, capture: .value(0),
            padding: .value(0), in: slots)
    }

    private static func size(windows: Int, positions: Int) -> StepSize {
        StepSize(tokens: windows * positions, rows: windows, groups: windows)
    }

    /// Captures the graphs of full windows, one for each number of them.
    ///
    /// - Parameter warmsAll: whether each is run before, since a library chooses what it launches for its shapes then.
    func capture(warmsAll: Bool) throws(DeviceError) {
        let sizes = (1...maximumWindows).map { Self.size(windows: $0, positions: audioContext) }
        try graphs.capture(sizes, slots: slots, on: stream, warmsAll: warmsAll) { (size) throws(DeviceError) in
            try launch(windows: size.rows, positions: size.tokens / size.rows)
        }
    }

    /// Begins to encode one window into `block`.
    package func run(
        _ window: WindowFeatures, positions: Int, block: Int32, mark: StreamMark? = nil, eagerly: Bool = false
    ) throws(DeviceError) -> DecoderPlane.Route {
        try run([Window(features: window, block: block)], positions: positions, mark: mark, eagerly: eagerly)
    }

    /// Begins to encode some windows, each into its block.
    ///
    /// - Parameters:
    ///   - positions: of each. Several have full length.
    ///   - mark: set behind the work, for whoever reads the blocks on another stream; nil for one who does not.
    ///   - eagerly: pass the graphs by.
    package func run(
        _ windows: [Window], positions: Int, mark: StreamMark? = nil, eagerly: Bool = false
    ) throws(DeviceError) -> DecoderPlane.Route {
        precondition((1...maximumWindows).contains(windows.count), "more windows than a step can have")
        for (index, window) in windows.enumerated() {
            features.load(window.features, at: index, frames: 2 * positions)
            let base = window.block * Int32(pool.crossArena.layout.positionsPerPage)
            for position in 0..<positions { windowSlots[index * positions + position] = base + Int32(position) }
        }
        let live = Self.size(windows: windows.count, positions: positions)
        if !eagerly, graphs.sizes.contains(live), let size = try graphs.replay(live, slots: slots, on: stream) {
            try finish(mark)
            return .graph(size)
        }
        slots.upload()
        try launch(windows: windows.count, positions: positions)
        try finish(mark)
        return .eager(graphs.isEmpty ? .graphsOff : eagerly ? .asked : .noGraphHasRoom)
    }

    /// The same of features, and waits for it: for those who do nothing else meanwhile.
    package func runToEnd(
        _ values: [Float], positions: Int, block: Int32, eagerly: Bool = false
    ) throws(DeviceError) -> DecoderPlane.Route {
        try runToEnd([Window(features: values, block: block)], positions: positions, eagerly: eagerly)
    }

    package func runToEnd(
        _ windows: [Window], positions: Int, eagerly: Bool = false
    ) throws(DeviceError) -> DecoderPlane.Route {
        let route = try run(windows, positions: positions, eagerly: eagerly)
        stream.synchronize()
        try stream.check()
        return route
    }

    private func finish(_ mark: StreamMark?) throws(DeviceError) {
        if let mark { stream.set(mark) }
        try stream.check()
    }

    /// A mark of the stream on which windows are encoded.
    package func makeMark() throws(DeviceError) -> StreamMark { try StreamMark(for: stream) }

    /// - Throws: `failed` if the device could not encode what it was told to.
    package func check() throws(DeviceError) { try stream.check() }

    private func launch(windows: Int, positions: Int) throws(DeviceError) {
        let attention = BoundAttention(
            backend: backend, pool: pool, stream: stream, plan: nil, windows: windows, windowSlots: windowSlots.pointer)
        features.launch(windows: windows, frames: 2 * positions)
        let encoded = try encoder.run(
            features: features.pointer, windows: windows, positions: positions, attention: attention)
        try decoder.writeCross(encoded, attention: attention, on: stream)
    }
}
