import StapesTokenizer

/// When stamps are wanted, the model may not decline them.
package struct NoTimestampsFilter: LogitFilter {
    package let noTimestamps: Int

    package func add(to mask: inout LogitMask, sampled: [Int]) {
        mask.suppress(noTimestamps)
    }
}

/// Stamps come in pairs, closing and opening, except at the start and right before the end of text.
package struct TimestampPairFilter: LogitFilter {
    package let special: SpecialTokens

    package func add(to mask: inout LogitMask, sampled: [Int]) {
        switch TimestampState(sampled: sampled, timestampBegin: special.timestampBegin) {
        case .insideText: break
        case .opened: mask.suppress(from: special.timestampBegin)
        case .closed: mask.suppress(0..<special.endOfText)
        }
    }
}

/// Stamps never go back, and a segment is never of zero length.
package struct TimestampOrderFilter: LogitFilter {
    package let timestampBegin: Int

    package func add(to mask: inout LogitMask, sampled: [Int]) {
        guard let last = sampled.last(where: { $0 >= timestampBegin }) else { return }
        // Only the opening stamp of the next segment may repeat the closing stamp of the one before.
        let state = TimestampState(sampled: sampled, timestampBegin: timestampBegin)
        mask.suppress(timestampBegin..<(state == .closed ? last : last + 1))
    }
}

/// A window begins with a stamp, and not with a late one.
package struct InitialTimestampFilter: LogitFilter {
    package let timestampBegin: Int
    /// The last stamp allowed, counted from `timestampBegin`, in steps of 20 ms; nil allows all.
    package let lastAllowed: Int?

    package func add(to mask: inout LogitMask, sampled: [Int]) {
        guard sampled.isEmpty else { return }
        mask.suppress(0..<timestampBegin)
        if let lastAllowed {
            mask.suppress(from: timestampBegin + lastAllowed + 1)
        }
    }
}

/// A window that is shorter than the model's 30 seconds has no stamp past its end. The reference has no such windows.
package struct WindowEndFilter: LogitFilter {
    package let timestampBegin: Int
    /// The stamp at the end, counted from `timestampBegin`, in steps of 20 ms.
    package let lastAllowed: Int

    package func add(to mask: inout LogitMask, sampled: [Int]) {
        mask.suppress(from: timestampBegin + lastAllowed + 1)
    }
}

/// Asks for the rule that weighs all stamps together against the likeliest other id.
package struct TimestampMassFilter: LogitFilter {
    package func add(to mask: inout LogitMask, sampled: [Int]) {
        mask.timestampMassRule = true
    }
}
