/// One weight that a configuration calls for: its shape, and its name in each file format.
package struct TensorPlan: Sendable, Hashable {
    /// Rows of a variable that may hold several matrices one below the other.
    package struct FusedRows: Sendable, Hashable {
        package let variable: String
        /// Which of `parts` equal groups of rows.
        package let part: Int
        package let parts: Int
    }

    /// The canonical name: OpenAI's.
    package let name: String
    package let shape: [Int]
    /// Hugging Face's name, without the `model.` that files of the full model put before it.
    package let huggingFaceName: String
    package let cTranslate2: FusedRows
}
