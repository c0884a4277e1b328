/// A whole number of any size, as its decimal digits: number words reach 10^33 and multiply.
struct DecimalNatural: Hashable, CustomStringConvertible {
    /// Digits 0 to 9, highest first, without leading zeros; empty for zero.
    private let digits: [UInt8]

    init(digits: some Sequence<UInt8>) {
        self.digits = Array(digits.drop { $0 == 0 })
    }

    /// - Precondition: not negative.
    init(_ value: Int) {
        self.init(digits: String(value).utf8.map { $0 - UInt8(ascii: "0") })
    }

    static func powerOfTen(_ exponent: Int) -> DecimalNatural {
        DecimalNatural(1).timesPowerOfTen(exponent)
    }

    var isZero: Bool { digits.isEmpty }

    /// Whether the number divides by 10 to the power of `exponent`.
    func dividesByPowerOfTen(_ exponent: Int) -> Bool {
        digits.suffix(exponent).allSatisfy { $0 == 0 }
    }

    func timesPowerOfTen(_ exponent: Int) -> DecimalNatural {
        DecimalNatural(digits: digits + [UInt8](repeating: 0, count: exponent))
    }

    /// The part above the last three digits stays, the rest is multiplied: 2 005 times a hundred is 2 500.
    func scalingBelowThousand(byPowerOfTen exponent: Int) -> DecimalNatural {
        let thousands = DecimalNatural(digits: digits.dropLast(3)).timesPowerOfTen(3)
        return thousands + DecimalNatural(digits: digits.suffix(3)).timesPowerOfTen(exponent)
    }

    static func + (left: DecimalNatural, right: DecimalNatural) -> DecimalNatural {
        let (long, short) =
            left.digits.count < right.digits.count ? (right.digits, left.digits) : (left.digits, right.digits)
        var sum = [0] + long
        for offset in 1...long.count + 1 {
            let index = sum.count - offset
            if offset <= short.count { sum[index] += short[short.count - offset] }
            if sum[index] > 9 {
                sum[index] -= 10
                sum[index - 1] += 1
            }
        }
        return DecimalNatural(digits: sum)
    }

    var description: String {
        isZero ? "0" : String(decoding: digits.map { $0 + UInt8(ascii: "0") }, as: UTF8.self)
    }
}
