/// What the rules decided for one step of one row: which ids may not be chosen.
///
/// Pure data of a fixed size without heap storage, because a device's kernel carries it out as well as
/// `GreedyRule`. The ranges are sorted, disjoint and not adjacent, so equal masks compare equal; unused
/// slots are empty ranges, so a kernel may test all of them.
package struct LogitMask: Sendable {
    /// The rules need at most five ranges, on the first step: space, end of text, `noTimestamps`, all text, late
    /// stamps.
    package static let capacity = 6

    /// An upper bound past every vocabulary: masking a tail of ids must cover padding of the logits too.
    package static let endOfVocabulary = Int(Int32.max)

    /// All slots, the used ones first.
    package private(set) var slots = InlineArray<6, TokenRange>(repeating: TokenRange())
    package private(set) var rangeCount = 0

    /// The request's static list of suppressed ids applies too.
    package var usesSuppressList = false

    /// If the stamps together are likelier than the likeliest other id, only stamps may be chosen.
    /// This depends on the logits, so whoever holds them decides it, after every other mask.
    package var timestampMassRule = false

    package init() {}

    /// The ids masked by range, for inspection.
    package var suppressedRanges: [Range<Int>] {
        (0..<rangeCount).map { slots[$0].range }
    }

    /// True when a range masks the id; the suppress list is not looked at.
    package func masks(_ token: Int) -> Bool {
        for index in 0..<rangeCount where slots[index].contains(token) {
            return true
        }
        return false
    }

    /// Masks one more range of ids.
    package mutating func suppress(_ ids: Range<Int>) {
        var added = TokenRange(ids)
        guard !added.isEmpty else { return }
        var merged = InlineArray<6, TokenRange>(repeating: TokenRange())
        var count = 0
        var isPlaced = false
        func append(_ range: TokenRange) {
            precondition(count < Self.capacity, "a logit mask holds at most \(Self.capacity) ranges")
            merged[count] = range
            count += 1
        }
        for index in 0..<rangeCount {
            let existing = slots[index]
            if existing.touches(added) {
                added = added.union(existing)
            } else {
                if !isPlaced, added.lower < existing.lower {
                    append(added)
                    isPlaced = true
                }
                append(existing)
            }
        }
        if !isPlaced {
            append(added)
        }
        slots = merged
        rangeCount = count
    }

    package mutating func suppress(_ token: Int) {
        suppress(token..<token + 1)
    }

    /// Masks every id from `token` on.
    package mutating func suppress(from token: Int) {
        suppress(token..<Self.endOfVocabulary)
    }
}

extension LogitMask: Hashable {
    package static func == (left: LogitMask, right: LogitMask) -> Bool {
        guard left.rangeCount == right.rangeCount, left.usesSuppressList == right.usesSuppressList,
            left.timestampMassRule == right.timestampMassRule
        else { return false }
        for index in 0..<left.rangeCount where left.slots[index] != right.slots[index] {
            return false
        }
        return true
    }

    package func hash(into hasher: inout Hasher) {
        for index in 0..<rangeCount {
            hasher.combine(slots[index])
        }
        hasher.combine(usesSuppressList)
        hasher.combine(timestampMassRule)
    }
}
