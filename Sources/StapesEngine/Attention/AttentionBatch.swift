/// One sequence's part in a step, as the host knows it. Nothing here is ever read back from the device.
package struct AttentionRow: Sendable, Hashable {
    /// Tokens of the step: the whole prompt in prefill, one in decode.
    package let tokens: Int
    /// Tokens of the sequence that are in the self arena already. It alone changes while the epoch stays the same.
    package var context: Int
    /// The sequence's pages, 16 tokens each.
    package let pages: [Int32]
    /// The window's block in the cross arena.
    package let block: Int32
    /// Positions of the encoded window, 1 to the model's audio context.
    package let encoderLength: Int

    package init(tokens: Int, context: Int, pages: [Int32], block: Int32, encoderLength: Int) {
        self.tokens = tokens
        self.context = context
        self.pages = pages
        self.block = block
        self.encoderLength = encoderLength
    }
}

/// The sequences of one step, their tokens one after the other.
package struct AttentionBatch: Sendable, Hashable {
    package var rows: [AttentionRow]
    /// Changes whenever a row joins or leaves. While it stays the same a plan holds but for the decoder lengths.
    package let epoch: Int

    package init(rows: [AttentionRow], epoch: Int) {
        self.rows = rows
        self.epoch = epoch
    }

    package var tokenCount: Int { rows.reduce(0) { $0 + $1.tokens } }
}
