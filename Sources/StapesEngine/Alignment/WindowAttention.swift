/// What the decoder attends to in a window while it is given a text: the raw material of word times.
package struct WindowAttention: Sendable {
    package let heads: Int
    /// Of the start sequence, the text and the end, all of which the decoder was given.
    package let tokens: Int
    /// Encoder positions of 20 ms that hold content.
    package let positions: Int
    /// Scaled products of queries and keys before softmax, `[heads, tokens, positions]`.
    package let scores: [Float]
    /// How likely each token is where the one before it stands, among the ids below the end of text, `[tokens]`; 0 for
    /// the first token and for those that are no text.
    package let probabilities: [Float]
}
