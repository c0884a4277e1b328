/// A half-open range of token ids, laid out as two 32-bit integers so that a device can read it as it is.
package struct TokenRange: Sendable, Hashable, BitwiseCopyable {
    package var lower: Int32
    package var upper: Int32

    package init(lower: Int32 = 0, upper: Int32 = 0) {
        self.lower = lower
        self.upper = upper
    }

    package init(_ range: Range<Int>) {
        self.init(lower: Int32(clamping: range.lowerBound), upper: Int32(clamping: range.upperBound))
    }

    package var isEmpty: Bool { lower >= upper }
    package var range: Range<Int> { Int(lower)..<Int(upper) }

    package func contains(_ token: Int) -> Bool {
        token >= Int(lower) && token < Int(upper)
    }

    /// True when the two overlap or lie side by side, so that one range can stand for both.
    func touches(_ other: TokenRange) -> Bool {
        lower <= other.upper && other.lower <= upper
    }

    func union(_ other: TokenRange) -> TokenRange {
        TokenRange(lower: min(lower, other.lower), upper: max(upper, other.upper))
    }
}
