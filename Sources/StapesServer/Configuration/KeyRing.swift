/// The keys that let a client in.
package struct KeyRing: Sendable {
    private let keys: [[UInt8]]

    package init(_ keys: [String]) { self.keys = keys.map { Array($0.utf8) } }

    package var isEmpty: Bool { keys.isEmpty }

    /// Every key is compared to its end, so that the time taken tells nothing of how much of one was right.
    package func accepts(_ candidate: some StringProtocol) -> Bool {
        let candidate = Array(candidate.utf8)
        var accepted = false
        for key in keys where Self.areEqual(key, candidate) { accepted = true }
        return accepted
    }

    private static func areEqual(_ key: [UInt8], _ candidate: [UInt8]) -> Bool {
        var difference = UInt8(key.count == candidate.count ? 0 : 1)
        // A candidate of another length is compared with the key's own bytes: the time depends on the key alone.
        for index in key.indices {
            difference |= key[index] ^ (index < candidate.count ? candidate[index] : ~key[index])
        }
        return difference == 0
    }
}
