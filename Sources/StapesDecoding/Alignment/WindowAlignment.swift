/// When each id of a window's text is spoken, and how likely the model finds it.
package struct WindowAlignment: Sendable, Hashable {
    /// Seconds from the beginning of the window at which each id begins, and at last the end of the last one.
    package var edges: [Double]
    /// Of each id, among the ids of text.
    package var probabilities: [Double]

    package init(edges: [Double], probabilities: [Double]) {
        precondition(edges.count == probabilities.count + 1, "every id has a beginning, and the last one an end")
        self.edges = edges
        self.probabilities = probabilities
    }

    /// From the matrix of the text's rows. Follows `find_alignment` of the reference (decoding.md, section 7.4): an
    /// edge is where the path enters a row.
    package init(_ matrix: AlignmentMatrix, probabilities: [Double]) {
        var edges: [Double] = []
        for step in DynamicTimeWarping.path(through: matrix) where step.row == edges.count {
            edges.append(Double(step.column) / WindowTime.stampsPerSecond)
        }
        self.init(edges: edges, probabilities: probabilities)
    }

    /// From what a device yields for a job.
    /// - Parameters:
    ///   - scores: `[heads, tokens, positions]` of the alignment heads: scaled products of query and key, before
    ///     softmax.
    ///   - probabilities: of the text's ids, from `RowProbability.text` or a device's like of it.
    package init(
        _ job: AlignmentJob, scores: UnsafeBufferPointer<Float>, shape: AlignmentShape, probabilities: [Double]
    ) {
        precondition(shape.tokens == job.tokens.count, "there is a score for every token of the job")
        self.init(
            AlignmentMatrix(
                scores: scores, shape: shape, positions: min(job.positions, shape.positions), rows: job.rows),
            probabilities: probabilities)
    }

    /// Of a window without text.
    static let empty = WindowAlignment(edges: [0], probabilities: [])
}
