import StapesDevice
import StapesModel
import StapesTokenizer

/// Windows and decode steps of a made-up model, as many as are asked for and always the same: work whose instructions
/// can be counted (`Scripts/check-instructions`). One thread does it, by graphs, and products of many rows run on our
/// own kernels, so that neither a library's version nor the processor's caches matter.
package final class FixedSteps {
    /// Wide enough that products cost what they do in a real model, small enough for a simulated processor.
    package static let model = ModelConfiguration(
        melBins: 80, audioContext: 96, width: 256, encoderLayers: 2, encoderHeads: 4, decoderLayers: 2,
        decoderHeads: 4, feedForwardWidth: 1024, vocabularySize: 4001)

    private static let special = SpecialTokens(
        endOfText: 2400, startOfTranscript: 2401, translate: 2412, transcribe: 2413, startOfLM: 2414,
        startOfPrevious: 2415, noSpeech: 2416, noTimestamps: 2499, timestampBegin: 2500, languages: 2402..<2412)

    private let runner: ModelRunner
    private let seats: [Int32]
    private let features: [Float]

    /// - Parameter rows: of a decode step.
    package init(rows: Int, computeType: ComputeType, level: CPULevel) throws {
        let configuration = EngineConfiguration(
            model: .random(Self.model, seed: 1), special: Self.special, computeType: computeType, threads: 1,
            level: level, usesOneDNN: false, graphs: GraphOptions(mode: .on, decodeRows: [rows]), maximumRows: rows)
        let limits = SchedulerLimits(configuration, model: Self.model)
        let runner = try ModelRunner(configuration, checkpoint: .random(Self.model, seed: 1), limits: limits)
        self.runner = runner
        seats = (0..<rows).map { _ in runner.seats.reserveNeutral() }
        features = (0..<2 * Self.model.audioContext * Self.model.melBins).map {
            Float(($0 &* 7919) % 1000) * 0.002 - 1
        }
    }

    /// Encodes one window again and again.
    package func encode(windows: Int) throws(DeviceError) {
        for _ in 0..<windows { _ = try runner.encode.runToEnd(features, positions: Self.model.audioContext, block: 1) }
    }

    /// Steps in which every row goes on from its own choice, all with the same window, which is silent: no keys, no
    /// values.
    package func decode(steps: Int) throws(DeviceError) {
        let pages = Int32((Self.model.textContext + KVLayout.tilePositions - 1) / KVLayout.tilePositions)
        var batch = DecodeBatch(
            rows: seats.indices.map { row in
                let first = 1 + Int32(row) * pages
                return AttentionRow(
                    tokens: 1, context: 0, pages: Array(first..<first + pages), block: 1,
                    encoderLength: Self.model.audioContext)
            }, seats: seats, epoch: 1)
        for (row, seat) in seats.enumerated() { runner.seats.force(11 + 131 * row, at: seat) }
        for step in 0..<min(steps, Self.model.textContext) {
            for row in seats.indices { batch.attention.rows[row].context = step }
            _ = try runner.decode.run(batch)
        }
    }
}
