import CoreMetrics
import StapesDevice
import StapesEngine
import StapesTokenizer

extension EngineConfiguration {
    /// Turns a user's wishes into what the engine takes. Everything that is `nil` or `auto` is decided here.
    ///
    /// - Throws: `unavailable` or `invalidOption`, naming what there is instead.
    package init(_ wishes: TranscriberConfiguration, special: SpecialTokens) throws(StapesError) {
        let (devices, reason) = try wishes.device.open()
        let isOnGPU = devices[0].isCUDA
        let threads = wishes.threads ?? min(CPULevel.usableProcessors, TranscriberConfiguration.threadCounts.upperBound)
        try TranscriberConfiguration.check(
            threads, in: TranscriberConfiguration.threadCounts, "\(threads) threads are not possible")
        try TranscriberConfiguration.check(
            wishes.maximumBatchSize, in: TranscriberConfiguration.rowCounts,
            "a batch of \(wishes.maximumBatchSize) rows is not possible")
        if let windows = wishes.maximumEncoderBatchSize {
            try TranscriberConfiguration.check(
                windows, in: TranscriberConfiguration.encoderBatchSizes,
                "\(windows) windows cannot be encoded together")
        }
        let rows = wishes.decodeGraphRows
        if let rows, rows.isEmpty { throw StapesError(.invalidOption, "decode graphs need at least one batch size") }
        for count in rows ?? [] {
            try TranscriberConfiguration.check(
                count, in: TranscriberConfiguration.rowCounts, "a decode graph of \(count) rows is not possible")
        }
        if let bytes = wishes.cacheByteCount, bytes < 0 {
            throw StapesError(.invalidOption, "a cache of \(bytes) bytes is not possible")
        }
        if let windows = wishes.maximumWaitingWindows, windows < 1 {
            throw StapesError(.invalidOption, "\(windows) waiting windows are not possible; give 1 or more")
        }
        let backends = try wishes.backends(onGPU: isOnGPU)
        self.init(
            model: .directory(wishes.modelDirectory), special: special, device: devices[0],
            computeType: wishes.computeType, crossKVType: wishes.crossKVType,
            threads: threads, level: try Self.level(wishes.instructionLevel), prefillBackend: backends.prefill,
            decodeBackend: backends.decode,
            graphs: GraphOptions(mode: wishes.decodeGraph, decodeRows: rows, pads: wishes.padsDecodeGraphs),
            maximumRows: wishes.maximumBatchSize, encoderWindows: wishes.maximumEncoderBatchSize,
            // On the CPU a launch returns when the step is done: looking ahead gains nothing and computes every
            // sequence's last step once more. A GPU works while the host looks.
            looksAhead: wishes.lookAhead ?? isOnGPU, launchesProgrammatically: wishes.programmaticLaunch,
            logMelOnDevice: wishes.logMel.isOnDevice(gpu: isOnGPU), cacheBytes: wishes.cacheByteCount,
            maximumWaitingWindows: wishes.maximumWaitingWindows ?? Self.defaultWaitingWindows,
            metrics: wishes.metrics ?? MetricsSystem.factory)
        self.devices = devices
        deviceReason = reason
        if wishes.requiresDeterminism, encoderWindows == nil, !keepsWindowsApart { encoderWindows = 1 }
    }

    private static func level(_ name: String?) throws(StapesError) -> CPULevel {
        guard let name else { return .best }
        guard let level = CPULevel(rawValue: name), level.isAvailable else {
            let names = CPULevel.available.map(\.rawValue).joined(separator: ", ")
            throw StapesError(.unavailable, "no instruction level '\(name)' on this processor; there are: \(names)")
        }
        return level
    }
}
