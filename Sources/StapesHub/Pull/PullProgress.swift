/// Where a pull stands. Reported with every piece that arrives: whoever shows it sets the pace.
package struct PullProgress: Sendable, Hashable {
    /// Name of the file at hand.
    package let file: String
    /// Of the whole model, with what earlier pulls had left.
    package let receivedByteCount: Int
    package let totalByteCount: Int
}
