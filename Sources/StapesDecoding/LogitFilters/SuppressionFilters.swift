/// A window may not begin with a lone space or end before it began.
package struct BlankFilter: LogitFilter {
    /// The id of `" "`; every Whisper vocabulary has exactly one.
    package let blankToken: Int?
    package let endOfText: Int

    package func add(to mask: inout LogitMask, sampled: [Int]) {
        guard sampled.isEmpty else { return }
        if let blankToken {
            mask.suppress(blankToken)
        }
        mask.suppress(endOfText)
    }
}

/// The request's list is masked at every step.
package struct SuppressListFilter: LogitFilter {
    package func add(to mask: inout LogitMask, sampled: [Int]) {
        mask.usesSuppressList = true
    }
}
