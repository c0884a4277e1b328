import StapesDecoding
import StapesEngine

extension WindowAlignment {
    /// From what the engine saw the decoder attend to.
    init(_ job: AlignmentJob, _ attention: WindowAttention) {
        let shape = AlignmentShape(
            heads: attention.heads, tokens: attention.tokens, positions: attention.positions)
        let probabilities = attention.probabilities[job.textRange].map(Double.init)
        self = attention.scores.withUnsafeBufferPointer {
            WindowAlignment(job, scores: $0, shape: shape, probabilities: probabilities)
        }
    }
}
