import StapesDevice

/// What a step hands the decoder, at fixed addresses: token ids, positions, and the rows whose logits are wanted.
final class StepInputs {
    let tokens: Int32Buffer
    let positions: Int32Buffer
    let logitRows: Int32Buffer

    init(tokens: Int, logitRows: Int) throws(DeviceError) {
        self.tokens = try Int32Buffer(count: tokens)
        positions = try Int32Buffer(count: tokens)
        self.logitRows = try Int32Buffer(count: logitRows)
    }
}
