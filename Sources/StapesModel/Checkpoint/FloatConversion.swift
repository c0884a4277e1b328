/// Stored numbers to float32, exactly, and back to half precision. The sources may have any alignment.
///
/// The loops are plain on purpose: each body is branch-free, so the optimiser turns it into vector code for the
/// baseline instruction set. Swift's own `Float(Float16)` calls a library routine per element there.
enum FloatConversion {
    static func float32(_ source: UnsafeRawPointer, count: Int, to destination: UnsafeMutablePointer<Float>) {
        UnsafeMutableRawPointer(destination).copyMemory(from: source, byteCount: count * MemoryLayout<Float>.size)
    }

    static func float16(_ source: UnsafeRawPointer, count: Int, to destination: UnsafeMutablePointer<Float>) {
        for index in 0..<count {
            destination[index] = widen(half: source.loadUnaligned(fromByteOffset: index &* 2, as: UInt16.self))
        }
    }

    static func bfloat16(_ source: UnsafeRawPointer, count: Int, to destination: UnsafeMutablePointer<Float>) {
        for index in 0..<count {
            let bits = source.loadUnaligned(fromByteOffset: index &* 2, as: UInt16.self)
            destination[index] = Float(bitPattern: UInt32(bits) << 16)
        }
    }

    static func int8(
        _ source: UnsafeRawPointer, count: Int, scale: Float, to destination: UnsafeMutablePointer<Float>
    ) {
        for index in 0..<count {
            destination[index] = Float(source.loadUnaligned(fromByteOffset: index, as: Int8.self)) / scale
        }
    }

    /// Half-precision numbers, rounded to the nearest, as they lie in a file.
    static func float16Bits(_ values: UnsafeBufferPointer<Float>) -> [UInt16] {
        values.map { Float16($0).bitPattern.littleEndian }
    }

    /// The float32 with the value of the half-precision number `half`; subnormals, infinities and NaN included.
    @inline(__always)
    static func widen(half: UInt16) -> Float {
        let magnitude = Int32(half & 0x7FFF)
        let sign = UInt32(half & 0x8000) << 16
        let fraction = UInt32(bitPattern: magnitude) << 13

        let normal = fraction &+ 0x3800_0000  // exponent bias 15 -> 127
        let infiniteOrNaN = fraction | 0x7F80_0000
        // Below the smallest normal the value is the integer itself in units of 2^-24.
        let subnormal = (Float(magnitude) * 0x1p-24).bitPattern

        var bits = magnitude >= 0x7C00 ? infiniteOrNaN : normal
        bits = magnitude < 0x0400 ? subnormal : bits
        return Float(bitPattern: bits | sign)
    }
}
