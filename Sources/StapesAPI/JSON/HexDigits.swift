extension FixedWidthInteger {
    /// Small hexadecimal digits, with zeros in front where there are fewer than so many.
    package func hexDigits(_ count: Int) -> String {
        let digits = String(self, radix: 16)
        return String(repeating: "0", count: Swift.max(0, count - digits.utf8.count)) + digits
    }
}
