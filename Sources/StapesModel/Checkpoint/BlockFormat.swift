/// How ggml packs a run of numbers: blocks of 32, each with a scale of its own and small integers.
///
/// A format named `_0` stands for `scale * integer`, one named `_1` for `scale * integer + minimum`; scales and minima
/// are half-precision. Integers of four bits lie two a byte, element i of a block in the lower half of byte i and
/// element i + 16 in the upper half; the fifth bits, where there are any, lie in 32 bits before them, element i's in
/// bit i.
package enum BlockFormat: String, Sendable, Hashable, CaseIterable {
    // The format's own words.
    // swift-format-ignore: AlwaysUseLowerCamelCase
    case q4_0, q4_1, q5_0, q5_1, q8_0

    /// Elements of a block.
    package static let length = 32

    /// Bytes of a block.
    package var byteCount: Int {
        switch self {
        case .q4_0: 2 + 16
        case .q4_1: 4 + 16
        case .q5_0: 2 + 4 + 16
        case .q5_1: 4 + 4 + 16
        case .q8_0: 2 + 32
        }
    }

    /// Writes the numbers that blocks stand for. The source may have any alignment.
    package func dequantize(
        _ source: UnsafeRawPointer, blockCount: Int, to destination: UnsafeMutablePointer<Float>
    ) {
        for block in 0..<blockCount {
            let (bytes, values) = (source + block * byteCount, destination + block * Self.length)
            switch self {
            case .q4_0: Self.halves(bytes + 2, highBits: 0, scale: half(bytes), offset: -8, minimum: 0, to: values)
            case .q4_1:
                Self.halves(bytes + 4, highBits: 0, scale: half(bytes), offset: 0, minimum: half(bytes + 2), to: values)
            case .q5_0:
                Self.halves(
                    bytes + 6, highBits: bits(bytes + 2), scale: half(bytes), offset: -16, minimum: 0, to: values)
            case .q5_1:
                Self.halves(
                    bytes + 8, highBits: bits(bytes + 4), scale: half(bytes), offset: 0, minimum: half(bytes + 2),
                    to: values)
            case .q8_0:
                let scale = half(bytes)
                for index in 0..<Self.length {
                    values[index] = scale * Float(bytes.loadUnaligned(fromByteOffset: 2 + index, as: Int8.self))
                }
            }
        }
    }

    /// Writes blocks for numbers, rounded as whisper.cpp's own `quantize` rounds them. Numbers that are none come out
    /// as some integer of the block.
    package func quantize(_ source: UnsafePointer<Float>, blockCount: Int, to destination: UnsafeMutableRawPointer) {
        for block in 0..<blockCount {
            let (values, bytes) = (source + block * Self.length, destination + block * byteCount)
            switch self {
            case .q4_0: Self.pack(values, to: bytes, highest: 15, isCentered: true)
            case .q4_1: Self.pack(values, to: bytes, highest: 15, isCentered: false)
            case .q5_0: Self.pack(values, to: bytes, highest: 31, isCentered: true)
            case .q5_1: Self.pack(values, to: bytes, highest: 31, isCentered: false)
            case .q8_0: Self.packBytes(values, to: bytes)
            }
        }
    }

    // MARK: Reading

    private func half(_ bytes: UnsafeRawPointer) -> Float {
        FloatConversion.widen(half: UInt16(littleEndian: bytes.loadUnaligned(as: UInt16.self)))
    }

    private func bits(_ bytes: UnsafeRawPointer) -> UInt32 {
        UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self))
    }

    /// Two integers a byte, each with its bit of `highBits` as the fifth.
    @inline(__always)
    private static func halves(
        _ bytes: UnsafeRawPointer, highBits: UInt32, scale: Float, offset: Int32, minimum: Float,
        to values: UnsafeMutablePointer<Float>
    ) {
        for index in 0..<length / 2 {
            let byte = UInt32(bytes.load(fromByteOffset: index, as: UInt8.self))
            let low = byte & 15 | (highBits >> UInt32(index) & 1) << 4
            let high = byte >> 4 | (highBits >> UInt32(index + 16) & 1) << 4
            values[index] = scale * Float(Int32(low) + offset) + minimum
            values[index + 16] = scale * Float(Int32(high) + offset) + minimum
        }
    }

    // MARK: Writing

    /// - Parameters:
    ///   - highest: the largest integer, 15 or 31.
    ///   - isCentered: whether the number of the largest magnitude becomes the integer 0 and zero the middle one;
    ///     otherwise the smallest number becomes 0 and the largest `highest`.
    private static func pack(
        _ values: UnsafePointer<Float>, to bytes: UnsafeMutableRawPointer, highest: Int, isCentered: Bool
    ) {
        var (largest, low, high) = (values[0], values[0], values[0])
        for index in 1..<length {
            if abs(values[index]) > abs(largest) { largest = values[index] }
            low = min(low, values[index])
            high = max(high, values[index])
        }
        let middle = Float((highest + 1) / 2)
        let scale = isCentered ? largest / -middle : (high - low) / Float(highest)
        let inverse = scale == 0 ? 0 : 1 / scale
        let origin = isCentered ? 0 : low
        let rounding = isCentered ? middle + 0.5 : 0.5

        store(half: scale, to: bytes)
        if !isCentered { store(half: low, to: bytes + 2) }
        var place = bytes + (isCentered ? 2 : 4)
        var highBits: UInt32 = 0
        func integer(_ index: Int) -> UInt32 {
            let shifted = (values[index] - origin) * inverse + rounding
            // False for what is no number, too.
            return shifted > 0 ? UInt32(min(shifted, Float(highest))) : 0
        }
        if highest > 15 { place += 4 }
        for index in 0..<length / 2 {
            let (first, second) = (integer(index), integer(index + 16))
            place.storeBytes(of: UInt8(first & 15 | (second & 15) << 4), toByteOffset: index, as: UInt8.self)
            highBits |= (first >> 4) << UInt32(index) | (second >> 4) << UInt32(index + 16)
        }
        if highest > 15 { (place - 4).storeBytes(of: highBits.littleEndian, as: UInt32.self) }
    }

    private static func packBytes(_ values: UnsafePointer<Float>, to bytes: UnsafeMutableRawPointer) {
        var largest: Float = 0
        for index in 0..<length { largest = max(largest, abs(values[index])) }
        let scale = largest / 127
        let inverse = scale == 0 ? 0 : 1 / scale
        store(half: scale, to: bytes)
        for index in 0..<length {
            let rounded = (values[index] * inverse).rounded(.toNearestOrAwayFromZero)
            let integer = rounded > -128 && rounded < 128 ? Int8(rounded) : 0
            bytes.storeBytes(of: integer, toByteOffset: 2 + index, as: Int8.self)
        }
    }

    private static func store(half: Float, to bytes: UnsafeMutableRawPointer) {
        bytes.storeBytes(of: Float16(half).bitPattern.littleEndian, as: UInt16.self)
    }
}
