import StapesDevice
import StapesTesting

/// Numbers of one type in memory that frees itself, read and written as floats.
final class Cells {
    let count: Int
    let type: ScalarType
    let pointer: UnsafeMutableRawPointer

    init(_ count: Int, type: ScalarType = .float32) {
        self.count = count
        self.type = type
        pointer = .allocate(byteCount: max(count, 1) * type.byteCount, alignment: 64)
        pointer.initializeMemory(as: UInt8.self, repeating: 0, count: max(count, 1) * type.byteCount)
    }

    convenience init(_ values: [Float], type: ScalarType = .float32) {
        self.init(values.count, type: type)
        for (index, value) in values.enumerated() { self[index] = value }
    }

    /// Random numbers in `-scale ..< scale`.
    convenience init(
        random count: Int, type: ScalarType = .float32, scale: Float = 1, using generator: inout SeededGenerator
    ) {
        self.init(count, type: type)
        for index in 0..<count { self[index] = scale * generator.nextSignedUnit() }
    }

    deinit { pointer.deallocate() }

    subscript(index: Int) -> Float {
        get {
            precondition(index >= 0 && index < count, "outside the cells")
            switch type {
            case .float32: return pointer.load(fromByteOffset: index * 4, as: Float.self)
            case .bfloat16:
                return Float(bitPattern: UInt32(pointer.load(fromByteOffset: index * 2, as: UInt16.self)) << 16)
            case .float16: return Float(pointer.load(fromByteOffset: index * 2, as: Float16.self))
            case .float8: return Self.float8Values[Int(pointer.load(fromByteOffset: index, as: UInt8.self))]
            }
        }
        set {
            precondition(index >= 0 && index < count, "outside the cells")
            switch type {
            case .float32: pointer.storeBytes(of: newValue, toByteOffset: index * 4, as: Float.self)
            case .bfloat16: pointer.storeBytes(of: Self.bfloat16(newValue), toByteOffset: index * 2, as: UInt16.self)
            case .float16: pointer.storeBytes(of: Self.float16(newValue), toByteOffset: index * 2, as: Float16.self)
            case .float8: pointer.storeBytes(of: Self.float8(newValue), toByteOffset: index, as: UInt8.self)
            }
        }
    }

    var floats: UnsafeMutablePointer<Float> {
        precondition(type == .float32)
        return pointer.assumingMemoryBound(to: Float.self)
    }

    var bytes: [UInt8] { Array(UnsafeRawBufferPointer(start: pointer, count: count * type.byteCount)) }

    /// Bits of some neighbours, to compare without a tolerance.
    func bytes(_ range: Range<Int>) -> [UInt8] {
        Array(
            UnsafeRawBufferPointer(
                start: pointer + range.lowerBound * type.byteCount, count: range.count * type.byteCount))
    }

    func copy() -> Cells {
        let copy = Cells(count, type: type)
        copy.pointer.copyMemory(from: pointer, byteCount: count * type.byteCount)
        return copy
    }

    func fill(_ range: Range<Int>, _ value: Float) { for index in range { self[index] = value } }

    /// Nearest, ties to even; what is too large becomes the largest.
    static func float16(_ value: Float) -> Float16 {
        value.isNaN ? .nan : Float16(max(-65504, min(65504, value)))
    }

    /// What each code of E4M3 stands for.
    static let float8Values: [Float] = (0..<256).map { code in
        let (exponent, fraction) = (code >> 3 & 15, Float(code & 7))
        let scale = Float(sign: .plus, exponent: max(exponent, 1) - 10, significand: 1)
        let magnitude = code & 127 == 127 ? .nan : scale * (exponent == 0 ? fraction : 8 + fraction)
        return code < 128 ? magnitude : -magnitude
    }

    /// Nearest, ties to even; what is too large becomes the largest.
    static func float8(_ value: Float) -> UInt8 {
        let sign: UInt8 = value.sign == .minus ? 0x80 : 0
        guard !value.isNaN else { return sign | 0x7f }
        // In steps of 2^-9, of which the first 16 are one apart, the next 8 two, then four...
        let steps = min(value.magnitude, 448) * 512
        let shift = max(0, Int(steps.exponent < 0 ? 0 : steps.exponent) - 3)
        let rounded = Int((steps / Float(1 << shift)).rounded(.toNearestOrEven))
        return sign | UInt8(shift << 3 + rounded)
    }

    /// Nearest, ties to even.
    static func bfloat16(_ value: Float) -> UInt16 {
        if value.isNaN { return UInt16(value.bitPattern >> 16) | 0x40 }
        let bits = value.bitPattern
        let rest = bits & 0xffff
        let half: UInt32 = 0x8000
        let up = rest > half || (rest == half && (bits >> 16) & 1 == 1)
        return UInt16(truncatingIfNeeded: (bits >> 16) &+ (up ? 1 : 0))
    }
}

/// The largest error of `actual` against `expected` in units of what is allowed: `absolute`, and for bfloat16 one unit
/// in the last place (2^-7 of the value) besides. At most 1 is good; a NaN on one side only is infinitely wrong.
func error(_ actual: Cells, _ expected: Cells, absolute: Float) -> Float {
    precondition(actual.count == expected.count && actual.type == expected.type)
    var worst: Float = 0
    for index in 0..<actual.count {
        let (a, b) = (actual[index], expected[index])
        if a.bitPattern == b.bitPattern || (a.isNaN && b.isNaN) { continue }
        let allowed = absolute * max(1, abs(b)) + (actual.type == .bfloat16 ? abs(b) * 0x1p-7 : 0)
        let ratio = abs(a - b) / allowed
        worst = ratio.isNaN ? .infinity : max(worst, ratio)
    }
    return worst
}
