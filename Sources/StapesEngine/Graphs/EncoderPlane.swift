import StapesDevice
import StapesModel

/// The encoder step: a window's features to its cross keys and values in a block.
///
/// Windows of full length are captured; a shorter one runs eagerly, since its products have other shapes.
package final class EncoderPlane {
    package let slots: SlotRegistry
    package let graphs = CapturedGraphs()
    private let features: FeatureStage
    private let windowSlots: StaticSlot
    private let encoder: AudioEncoder
    private let decoder: TextDecoder
    private let backend: any AttentionBackend
    private let pool: KVPool
    /// On which windows are encoded.
    package let stream: Stream

    init(
        encoder: AudioEncoder, decoder: TextDecoder, backend: any AttentionBackend, pool: KVPool,
        model: ModelConfiguration, makesLogMel: Bool, stream: Stream
    ) throws(DeviceError) {
        self.encoder = encoder
        self.decoder = decoder
        self.backend = backend
        self.pool = pool
        self.stream = stream
        slots = SlotRegistry(on: stream)
        features = try FeatureStage(model, makesLogMel: makesLogMel, slots: slots, on: stream)
        windowSlots = try StaticSlot(
            "cross write slot", domain: .token, count: model.audioContext, capture: .value(0), padding: .value(0),
            in: slots)
    }

    private static func size(positions: Int) -> StepSize { StepSize(tokens: positions, rows: 1, groups: 1) }

    /// Captures the graph of a full window.
    func capture(positions: Int) throws(DeviceError) {
        try graphs.capture([Self.size(positions: positions)], slots: slots, on: stream) { (size) throws(DeviceError) in
            try launch(positions: size.tokens)
        }
    }

    /// Begins to encode a window into `block`.
    ///
    /// - Parameters:
    ///   - window: its features, `[2 * positions, melBins]`, or its samples, where log-mel is made here.
    ///   - mark: set behind the work, for whoever reads the block on another stream; nil for one who does not.
    ///   - eagerly: pass the graphs by.
    package func run(
        _ window: WindowFeatures, positions: Int, block: Int32, mark: StreamMark? = nil, eagerly: Bool = false
    ) throws(DeviceError) -> DecoderPlane.Route {
        features.load(window, frames: 2 * positions)
        let base = block * Int32(pool.crossArena.layout.positionsPerPage)
        for position in 0..<positions { windowSlots[position] = base + Int32(position) }
        let live = Self.size(positions: positions)
        if !eagerly, graphs.sizes.contains(live), let size = try graphs.replay(live, slots: slots, on: stream) {
            try finish(mark)
            return .graph(size)
        }
        slots.upload()
        try launch(positions: positions)
        try finish(mark)
        return .eager(graphs.isEmpty ? .graphsOff : eagerly ? .asked : .noGraphHasRoom)
    }

    /// The same of features, and waits for it: for those who do nothing else meanwhile.
    package func runToEnd(
        _ values: [Float], positions: Int, block: Int32, eagerly: Bool = false
    ) throws(DeviceError) -> DecoderPlane.Route {
        let route = try run(.logMel(values), positions: positions, block: block, eagerly: eagerly)
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

    private func launch(positions: Int) throws(DeviceError) {
        let attention = BoundAttention(
            backend: backend, pool: pool, stream: stream, plan: nil, windowSlots: windowSlots.pointer)
        features.launch(frames: 2 * positions)
        let encoded = try encoder.run(
            features: features.pointer, positions: positions, attention: attention)
        try decoder.writeCross(encoded, attention: attention, on: stream)
    }
}
