/// Times as files write them, without locale.
package enum Timestamp {
    /// Milliseconds nearest to a time, halves to even, as Python rounds. What lies before zero or is no number is zero.
    package static func milliseconds(_ seconds: Double) -> Int {
        Int(exactly: (seconds * 1000).rounded(.toNearestOrEven)).map { max(0, $0) } ?? 0
    }

    /// `MM:SS` and three decimals; hours in front when there are any or they are always wanted.
    package static func clock(_ seconds: Double, alwaysHours: Bool, decimalMark: Character) -> String {
        clock(milliseconds: milliseconds(seconds), alwaysHours: alwaysHours, decimalMark: decimalMark)
    }

    static func clock(milliseconds total: Int, alwaysHours: Bool, decimalMark: Character) -> String {
        let (hours, minutes) = (total / 3_600_000, total / 60_000 % 60)
        var text = alwaysHours || hours > 0 ? padded(hours, 2) + ":" : ""
        text += padded(minutes, 2) + ":" + padded(total / 1000 % 60, 2)
        text.append(decimalMark)
        return text + padded(total % 1000, 3)
    }

    /// `MM:SS` and two decimals, cut off: a line never comes late.
    static func lyrics(_ seconds: Double) -> String {
        let total = milliseconds(seconds)
        return padded(total / 60_000, 2) + ":" + padded(total / 1000 % 60, 2) + "." + padded(total % 1000 / 10, 2)
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}
