/// One rule about which ids may come next (decoding.md, section 3).
package protocol LogitFilter: Sendable {
    /// Adds the rule's ids to the mask of the next step.
    /// - Parameter sampled: the ids sampled in this window so far; the prompt and the prefix are not among them.
    func add(to mask: inout LogitMask, sampled: [Int])
}
