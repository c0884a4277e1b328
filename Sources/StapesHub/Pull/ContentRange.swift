/// `Content-Range: bytes first-last/total`
struct ContentRange: Sendable, Hashable {
    let first: Int
    /// Inclusive.
    let last: Int
    /// nil when the host does not know it (`*`).
    let total: Int?

    init?(_ text: String) {
        let halves = text.split(separator: "/", omittingEmptySubsequences: false)
        guard halves.count == 2, halves[0].hasPrefix("bytes ") else { return nil }
        let bounds = halves[0].dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
        guard bounds.count == 2, let first = Int(bounds[0]), let last = Int(bounds[1]), first <= last else {
            return nil
        }
        if halves[1] == "*" {
            total = nil
        } else {
            guard let count = Int(halves[1]), last < count else { return nil }
            total = count
        }
        (self.first, self.last) = (first, last)
    }
}
