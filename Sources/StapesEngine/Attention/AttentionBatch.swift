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

extension AttentionRow {
    /// The same row over other pages: a beam.
    func with(pages: [Int32]) -> AttentionRow {
        AttentionRow(tokens: tokens, context: context, pages: pages, block: block, encoderLength: encoderLength)
    }
}

/// The sequences of one step, their tokens one after the other.
package struct AttentionBatch: Sendable, Hashable {
    package var rows: [AttentionRow]
    /// Changes whenever a row joins or leaves. While it stays the same a plan holds but for the decoder lengths.
    package let epoch: Int
    /// Changes whenever a row's pages do while the members stay: beams copy and share pages. The cross part holds on.
    package var pagesEpoch: Int

    package init(rows: [AttentionRow], epoch: Int, pagesEpoch: Int = 0) {
        self.rows = rows
        self.epoch = epoch
        self.pagesEpoch = pagesEpoch
    }

    package var tokenCount: Int { rows.reduce(0) { $0 + $1.tokens } }
}
