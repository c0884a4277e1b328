/// The median of seven neighbours in time, which takes single positions out that a head looked at by the way.
///
/// Follows `median_filter` of the reference: a row is continued at both ends by its mirror image, and a row of three
/// or less stays as it is. What is no number counts as larger than any number.
package enum MedianFilter {
    package static let width = 7
    private static let reach = width / 2

    /// Replaces every value by its median.
    package static func filter(_ row: UnsafeMutableBufferPointer<Float>) {
        let count = row.count
        guard count > reach else { return }
        // Vectors of eight may read past the end; what they find there is not used.
        let capacity = count + 2 * reach + Lanes.scalarCount
        withUnsafeTemporaryAllocation(of: Float.self, capacity: capacity) { padded in
            padded.initialize(repeating: 0)
            for index in 0..<count { padded[reach + index] = row[index].isNaN ? .infinity : row[index] }
            for step in 1...reach {
                padded[reach - step] = padded[reach + step]
                padded[reach + count - 1 + step] = padded[reach + count - 1 - step]
            }
            let source = UnsafeRawPointer(padded.baseAddress!)
            let target = UnsafeMutableRawPointer(row.baseAddress!)
            var start = 0
            while start < count {
                var medians = median(at: source + start * MemoryLayout<Float>.stride)
                medians.replace(with: .nan, where: medians .== .infinity)
                if start + Lanes.scalarCount <= count {
                    target.storeBytes(of: medians, toByteOffset: start * MemoryLayout<Float>.stride, as: Lanes.self)
                } else {
                    for lane in 0..<count - start { row[start + lane] = medians[lane] }
                }
                start += Lanes.scalarCount
            }
        }
    }

    private typealias Lanes = SIMD8<Float>

    /// The medians of eight windows of seven that begin one after another: a network of thirteen comparisons.
    @inline(__always)
    private static func median(at source: UnsafeRawPointer) -> Lanes {
        @inline(__always)
        func load(_ index: Int) -> Lanes {
            source.loadUnaligned(fromByteOffset: index * MemoryLayout<Float>.stride, as: Lanes.self)
        }
        @inline(__always)
        func order(_ low: inout Lanes, _ high: inout Lanes) {
            let isSwapped = high .< low
            let smaller = low.replacing(with: high, where: isSwapped)
            high = high.replacing(with: low, where: isSwapped)
            low = smaller
        }
        var (a, b, c, d, e, f, g) = (load(0), load(1), load(2), load(3), load(4), load(5), load(6))
        order(&a, &f)
        order(&a, &d)
        order(&b, &g)
        order(&c, &e)
        order(&a, &b)
        order(&d, &f)
        order(&c, &g)
        order(&c, &d)
        order(&d, &g)
        order(&e, &f)
        order(&b, &e)
        order(&b, &d)
        order(&d, &e)
        return d
    }
}
