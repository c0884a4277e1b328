/// How much of a body may be something else than content.
package struct MultipartLimits: Sendable, Hashable {
    /// Bytes of one part's head.
    package var headBytes: Int
    /// Lines of one part's head.
    package var headLines: Int
    package var parts: Int

    package init(headBytes: Int = 16 << 10, headLines: Int = 32, parts: Int = 256) {
        self.headBytes = headBytes
        self.headLines = headLines
        self.parts = parts
    }
}
