extension Array where Element == Unicode.Scalar {
    /// Lower case by Unicode's full mappings, the final sigma included, which the standard library leaves out.
    func lowercased() -> Scalars {
        var result = Scalars()
        result.reserveCapacity(count)
        for (index, scalar) in enumerated() {
            if scalar.isASCII {
                result.append(("A"..."Z").contains(scalar) ? Unicode.Scalar(UInt8(scalar.value | 0x20)) : scalar)
            } else if scalar == "Σ" {
                result.append(isFinalSigma(at: index) ? "ς" : "σ")
            } else {
                result.append(contentsOf: scalar.properties.lowercaseMapping.unicodeScalars)
            }
        }
        return result
    }

    /// Whether a letter stands before the sigma and none after it, marks and apostrophes aside.
    private func isFinalSigma(at index: Int) -> Bool {
        let before = self[..<index].last { !$0.properties.isCaseIgnorable }
        let after = self[(index + 1)...].first { !$0.properties.isCaseIgnorable }
        return before?.properties.isCased == true && after?.properties.isCased != true
    }
}
