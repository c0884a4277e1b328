extension Array where Element == Unicode.Scalar {
    /// The text without `[music]`, `<noise>` and `(laughter)`: first what stands in brackets, then in parentheses.
    func removingAnnotations() -> Scalars {
        removing(from: ["<", "["], through: [">", "]"], contentRequired: false)
            .removing(from: ["("], through: [")"], contentRequired: true)
    }

    /// Removes from each opener to the next closer of whichever kind; an opener without a closer stays.
    private func removing(from openers: Scalars, through closers: Scalars, contentRequired: Bool) -> Scalars {
        var result = Scalars()
        result.reserveCapacity(count)
        var index = 0
        var closerAhead = true  // once a search for a closer fails, all later ones would
        while index < count {
            if closerAhead, openers.contains(self[index]) {
                let closer = self[(index + 1)...].firstIndex(where: closers.contains)
                if let closer, !(contentRequired && closer == index + 1) {
                    index = closer + 1
                    continue
                }
                closerAhead = closer != nil
            }
            result.append(self[index])
            index += 1
        }
        return result
    }
}
