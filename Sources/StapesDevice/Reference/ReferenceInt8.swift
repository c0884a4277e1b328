import CKernels

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

// The products with int8 weights. What is rounded is rounded in float32, as the kernels do; sums are of integers.

/// A row as integers of at most `limit` times a scale.
private func referenceQuantise(_ row: [Float], limit: Float) -> (integers: [Int], scale: Float) {
    guard row.allSatisfy(\.isFinite) else { return ([Int](repeating: 0, count: row.count), .nan) }
    let maximum = row.reduce(0) { max($0, abs($1)) }
    let inverse = maximum > 0 && (limit / maximum).isFinite ? limit / maximum : 0
    return (row.map { Int(($0 * inverse).rounded(.toNearestOrEven)) }, maximum / limit)
}

func referencePackInt8(_ a: stapes_pack_int8_arguments) {
    let (n, k, lanes) = (Int(a.n), Int(a.k), Int(STAPES_PANEL))
    let quads = (k + 3) / 4
    let panels = (n + lanes - 1) / lanes
    let weight = ReferenceRows(pointer: a.weight, type: a.weight_type)
    a.packed.update(repeating: 0, count: panels * quads * lanes * 4)
    for row in 0..<panels * lanes {
        (a.scales[row], a.corrections[row]) = (0, 0)
        guard row < n else { continue }
        let (integers, scale) = referenceQuantise((0..<k).map { weight[row * k + $0] }, limit: 127)
        for (i, integer) in integers.enumerated() {
            a.packed[((row / lanes * quads + i / 4) * lanes + row % lanes) * 4 + i % 4] = Int8(integer)
        }
        (a.scales[row], a.corrections[row]) = (scale, Int32(-128 * integers.reduce(0, +)))
    }
}

func referenceMatmulInt8(_ a: stapes_matmul_int8_arguments) {
    let (k, lanes) = (Int(a.k), Int(STAPES_PANEL))
    let quads = (k + 3) / 4
    let input = ReferenceRows(pointer: a.a, type: a.a_type)
    let output = ReferenceOutput(pointer: a.c, type: a.c_type)
    for row in 0..<Int(a.m) {
        let (integers, scale) = referenceQuantise((0..<k).map { input[row * Int(a.a_stride) + $0] }, limit: 127 * 256)
        for column in 0..<Int(a.n) {
            var total = 0
            for (i, integer) in integers.enumerated() {
                total +=
                    integer * Int(a.weight[((column / lanes * quads + i / 4) * lanes + column % lanes) * 4 + i % 4])
            }
            var sum = Double(total) * Double(scale) * Double(a.scales[column]) + Double(a.bias?[column] ?? 0)
            if a.gelu { sum = 0.5 * sum * (1 + erf(sum * 0.5.squareRoot())) }
            let at = row * Int(a.c_stride) + column
            output.store(Float(a.accumulate ? sum + Double(output.load(at)) : sum), at: at)
        }
    }
}
