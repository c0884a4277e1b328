extension String {
    /// Replaces every occurrence of some ASCII text, left to right, bytes compared.
    ///
    /// Comparing characters would miss an arrow whose last sign carries a combining mark.
    func replacing(bytes pattern: StaticString, with replacement: StaticString) -> String {
        let wanted = Array("\(pattern)".utf8)
        guard utf8.contains(wanted) else { return self }
        let source = Array(utf8)
        var result: [UInt8] = []
        result.reserveCapacity(source.count)
        var index = 0
        while index < source.count {
            if source[index...].starts(with: wanted) {
                result += "\(replacement)".utf8
                index += wanted.count
            } else {
                result.append(source[index])
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
