import CKernels
import StapesDecoding
import StapesDevice
import StapesModel
import StapesTokenizer

/// The model on its device, with its arenas and its three planes: encoder, prefill, decode.
///
/// Each plane has slots and index arrays of its own, so that a prefill between two decodes leaves the decode's cross
/// plan standing.
package final class ModelRunner {
    package let configuration: ModelConfiguration
    package let stream: Stream
    package let pool: KVPool
    package let seats: SequenceSeats
    let copyPages: PageCopier
    let align: AlignmentRunner
    package let encode: EncoderPlane
    package let prefill: DecoderPlane
    package let decode: DecoderPlane
    package let decision: GraphDecision
    /// Whether windows may come as samples.
    let logMelOnDevice: Bool

    /// Loads the model and, if the gate lets it, captures every graph.
    package init(_ configuration: EngineConfiguration, checkpoint: Checkpoint, limits: SchedulerLimits) throws {
        let model = checkpoint.configuration
        try Self.check(model, origin: checkpoint.origin)
        try configuration.checkDevice()
        let types = configuration.types
        let kernels = try Self.kernels(configuration.level)
        let device = try Self.open(configuration, kernels: kernels)
        stream = device.stream
        let prefillGroups = max(limits.prefillTokens, model.textContext) / Int(STAPES_GROUP) + limits.rows
        func backendExtent(tokens: Int, groups: Int) -> BackendChoice.Extent {
            BackendChoice.Extent(
                rows: limits.rows, tokens: tokens, groups: groups, layers: model.decoderLayers,
                heads: model.decoderHeads, type: types.cache,
                longest: max(model.audioContext, model.textContext))
        }
        let prefillBackend = try configuration.prefillBackend.make(
            kernels: types.encoderIntegers == .int16 ? kernels.withInt16Attention : kernels,
            extent: backendExtent(tokens: max(limits.prefillTokens, model.textContext), groups: prefillGroups),
            on: stream)
        let decodeBackend = try configuration.decodeBackend.make(
            kernels: kernels, extent: backendExtent(tokens: limits.rows, groups: limits.rows), on: stream)
        decision = try configuration.graphDecision()
        self.configuration = model
        logMelOnDevice = configuration.logMelOnDevice
        let encoder = try AudioEncoder(
            checkpoint: checkpoint, type: types.encoder, integers: types.encoderIntegers,
            windows: limits.encodingWindows, device: device)
        // A prefill wants logits twice a row: where the prompt ends, and where the transcript starts.
        let decoder = try TextDecoder(
            checkpoint: checkpoint, types: types.decoder, endOfText: configuration.special.endOfText,
            timestampBegin: configuration.special.timestampBegin, device: device,
            maximumTokens: max(limits.prefillTokens, limits.rows), maximumLogitRows: 2 * limits.rows,
            maximumWindows: limits.encodingWindows)
        pool = try Self.pool(model, types: types, limits: limits, on: stream)
        seats = try SequenceSeats(
            capacity: limits.rows, vocabulary: model.vocabularySize, historyLength: model.textContext, stream: stream)
        copyPages = try PageCopier(arena: pool.selfArena, capacity: limits.rows, stream: stream)
        encode = try EncoderPlane(
            encoder: encoder, decoder: decoder, backend: prefillBackend, pool: pool, model: model,
            maximumWindows: limits.encodingWindows, makesLogMel: configuration.logMelOnDevice,
            stream: device.encodeStream)
        func extent(_ kind: DecoderPlane.Kind, tokens: Int) -> DecoderPlane.Extent {
            DecoderPlane.Extent(
                kind: kind, rows: limits.rows, tokens: tokens,
                pages: (model.textContext + KVLayout.tilePositions - 1) / KVLayout.tilePositions,
                audioContext: model.audioContext, vocabulary: model.vocabularySize,
                timestampBegin: configuration.special.timestampBegin, padsGraphs: configuration.graphs.pads)
        }
        prefill = try DecoderPlane(
            extent(.prefill, tokens: limits.prefillTokens), backend: prefillBackend, decoder: decoder, pool: pool,
            seats: seats, stream: stream)
        decode = try DecoderPlane(
            extent(.decode, tokens: limits.rows), backend: decodeBackend, decoder: decoder, pool: pool, seats: seats,
            stream: stream)
        align = try AlignmentRunner(
            model: model, maximumTokens: model.textContext, endOfText: configuration.special.endOfText,
            backend: prefillBackend, decoder: decoder, pool: pool, stream: stream)
        // What another stream is to read has been written: weights, empty caches.
        stream.synchronize()
        device.encodeStream.synchronize()
        if decision.enabled {
            let hasLibrary = (device as? CUDADevice)?.matrixLibrary != nil
            try capture(rows: configuration.graphRows, limits: limits, warmsWindows: hasLibrary)
        }
        // What was run before graphs were captured has written to what nobody has, and is done with it.
        stream.synchronize()
        device.encodeStream.synchronize()
        try stream.check()
        try encode.check()
    }

    private static func open(
        _ configuration: EngineConfiguration, kernels: KernelTable
    ) throws(DeviceError) -> any ComputeDevice {
        switch configuration.device {
        case .cpu:
            try CPUDevice(kernels: kernels, threads: configuration.threads, oneDNN: configuration.usesOneDNN)
        case .cuda(let context):
            try CUDADevice(
                context, type: configuration.types.cache, threads: configuration.threads,
                launchesProgrammatically: configuration.launchesProgrammatically)
        }
    }

    /// Bytes of all recorded calls.
    package var capturedBytes: Int { encode.graphs.byteCount + prefill.graphs.byteCount + decode.graphs.byteCount }

    private func capture(rows: [Int], limits: SchedulerLimits, warmsWindows: Bool) throws(DeviceError) {
        try encode.capture(warmsAll: warmsWindows)
        try prefill.capture(GraphBuckets.prefill(maximumTokens: limits.prefillTokens, maximumRows: limits.rows))
        try decode.capture(rows.map(StepSize.decode))
    }

    /// - Throws: `model` for a shape that the kernels do not compute.
    private static func check(_ model: ModelConfiguration, origin: String) throws(EngineError) {
        guard model.headWidth == KVLayout.headWidth, model.width == model.decoderHeads * KVLayout.headWidth else {
            throw EngineError(
                .model,
                "\(origin): attention heads of width \(model.headWidth); only \(KVLayout.headWidth) can be run")
        }
    }

    private static func kernels(_ level: CPULevel) throws(EngineError) -> KernelTable {
        guard let kernels = KernelTable(level) else {
            throw EngineError(.unavailable, "this processor does not have the instructions of '\(level.rawValue)'")
        }
        return kernels
    }

    private static func pool(
        _ model: ModelConfiguration, types: ComputeTypes, limits: SchedulerLimits, on stream: Stream
    ) throws(DeviceError) -> KVPool {
        let page = KVLayout(model, positionsPerPage: KVLayout.tilePositions, type: types.cache)
        let block = KVLayout(model, positionsPerPage: model.audioContext, type: types.crossCache)
        return KVPool(
            selfArena: try KVArena(layout: page, pageCount: limits.selfPages, on: stream),
            crossArena: try KVArena(layout: block, pageCount: limits.crossBlocks, on: stream))
    }
}
