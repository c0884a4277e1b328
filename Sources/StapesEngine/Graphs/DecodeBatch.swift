/// The rows of decode steps, as long as nobody joins or leaves.
package struct DecodeBatch: Sendable {
    package var attention: AttentionBatch
    /// Where each row's sequence sits.
    package var seats: [Int32]
    /// Whether some seat asks for candidates, which the host has to see.
    package var wantsCandidates: Bool

    package init(
        rows: [AttentionRow], seats: [Int32], epoch: Int, pagesEpoch: Int = 0, wantsCandidates: Bool = false
    ) {
        precondition(rows.count == seats.count, "every row has a seat")
        attention = AttentionBatch(rows: rows, epoch: epoch, pagesEpoch: pagesEpoch)
        self.seats = seats
        self.wantsCandidates = wantsCandidates
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
    /// Whether the seat asks for candidates, which the host has to see.
    package let wantsCandidates: Bool

    package init(
        row: AttentionRow, tokens: [Int], logitTokens: [Int], seat: Int32, wantsCandidates: Bool = false
    ) {
        self.row = row
        self.tokens = tokens
        self.logitTokens = logitTokens
        self.seat = seat
        self.wantsCandidates = wantsCandidates
    }
}
