import StapesDevice
import StapesModel

/// Decode steps along given tokens, one sequence at a time, whose logits are looked at: where two devices or two number
/// formats differ, neither is led astray by the other's choice.
package final class ForcedSteps {
    private let runner: ModelRunner
    private let limits: SchedulerLimits
    private let seat: Int32
    private var epoch = 0

    package init(_ configuration: EngineConfiguration, checkpoint: Checkpoint) throws {
        limits = SchedulerLimits(configuration, model: checkpoint.configuration)
        runner = try ModelRunner(configuration, checkpoint: checkpoint, limits: limits)
        seat = runner.seats.reserveNeutral()
    }

    package var model: ModelConfiguration { runner.configuration }

    /// Encodes a window, and feeds the decoder with `tokens` and then with what `next` gives.
    ///
    /// - Parameters:
    ///   - features: `[2 * audioContext, melBins]`
    ///   - next: is given the logits, `[vocabulary]`, after the last of `tokens` and after each of its own answers; nil
    ///     ends the steps. No rule has masked anything.
    package func run(
        features: [Float], tokens: [Int], next: (_ logits: [Float]) -> Int?
    ) throws(DeviceError) {
        precondition(!tokens.isEmpty, "a decoder begins with a token")
        _ = try runner.encode.runToEnd(features, positions: model.audioContext, block: 1)
        epoch += 1
        let pages = (limits.textContext + KVLayout.tilePositions - 1) / KVLayout.tilePositions
        var batch = DecodeBatch(
            rows: [
                AttentionRow(
                    tokens: 1, context: 0, pages: Array(1..<1 + Int32(pages)), block: 1,
                    encoderLength: limits.audioContext)
            ], seats: [seat], epoch: epoch)
        var logits = [Float](repeating: 0, count: model.vocabularySize)
        var token = tokens[0]
        for position in 0..<limits.textContext {
            runner.seats.force(token, at: seat)
            batch.attention.rows[0].context = position
            let launched = try runner.decode.run(batch)
            if position + 1 < tokens.count {
                token = tokens[position + 1]
                continue
            }
            runner.decode.readLogits(0, of: launched, into: &logits)
            guard let chosen = next(logits) else { return }
            token = chosen
        }
    }
}
