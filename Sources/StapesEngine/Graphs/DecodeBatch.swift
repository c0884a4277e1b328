/// The rows of decode steps, as long as nobody joins or leaves.
package struct DecodeBatch: Sendable {
    package var attention: AttentionBatch
    /// Where each row's sequence sits.
    package var seats: [Int32]

    package init(rows: [AttentionRow], seats: [Int32], epoch: Int) {
        precondition(rows.count == seats.count, "every row has a seat")
        attention = AttentionBatch(rows: rows, epoch: epoch)
        self.seats = seats
    }
}

/// What one sequence brings to a prefill.
package struct Prompt: Sendable {
    package let row: AttentionRow
    /// Its tokens of this step, which stand at positions `row.context` and on.
    package let tokens: [Int]
    /// Which of its tokens give logits; the first choice is made from the first.
    package let logitTokens: [Int]
    package let seat: Int32

    package init(row: AttentionRow, tokens: [Int], logitTokens: [Int], seat: Int32) {
        self.row = row
        self.tokens = tokens
        self.logitTokens = logitTokens
        self.seat = seat
    }
}
