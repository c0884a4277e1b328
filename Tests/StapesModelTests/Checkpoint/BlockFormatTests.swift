import StapesModel
import StapesTesting
import Testing

/// The layouts of ggml's blocks, against blocks worked out by hand.
struct BlockFormatTests {
    private func packed(_ format: BlockFormat, _ values: [Float]) -> [UInt8] {
        let blockCount = values.count / BlockFormat.length
        var bytes = [UInt8](repeating: 0xAA, count: blockCount * format.byteCount)
        values.withUnsafeBufferPointer { values in
            bytes.withUnsafeMutableBytes {
                format.quantize(values.baseAddress!, blockCount: blockCount, to: $0.baseAddress!)
            }
        }
        return bytes
    }

    private func unpacked(_ format: BlockFormat, _ bytes: [UInt8]) -> [Float] {
        let blockCount = bytes.count / format.byteCount
        return [Float](unsafeUninitializedCapacity: blockCount * BlockFormat.length) { values, count in
            bytes.withUnsafeBytes {
                format.dequantize($0.baseAddress!, blockCount: blockCount, to: values.baseAddress!)
            }
            count = blockCount * BlockFormat.length
        }
    }

    /// Whole numbers that fill the range of a format, so that the scale is one.
    private static func values(_ format: BlockFormat) -> [Float] {
        switch format {
        case .q4_0: (0..<32).map { Float($0 % 16 - 8) }
        case .q4_1: (0..<32).map { Float($0 % 16 + 2) }
        case .q5_0: (0..<32).map { Float($0 - 16) }
        case .q5_1: (0..<32).map { Float($0 - 3) }
        case .q8_0: (0..<32).map { Float($0 * 8 - 124) + ($0 == 0 ? -3 : 0) }
        }
    }

    private static let one: [UInt8] = [0x00, 0x3C]  // half-precision 1

    private static func block(_ format: BlockFormat) -> [UInt8] {
        switch format {
        // Element i and element i + 16 are both i - 8: the same integer in both halves of byte i.
        case .q4_0: one + (0..<16).map { UInt8($0 * 17) }
        case .q4_1: one + [0x00, 0x40] + (0..<16).map { UInt8($0 * 17) }  // minimum 2
        // Integers 0 to 31: the fifth bit of the second half is set.
        case .q5_0: one + [0, 0, 0xFF, 0xFF] + (0..<16).map { UInt8($0 * 17) }
        case .q5_1: one + [0x00, 0xC2] + [0, 0, 0xFF, 0xFF] + (0..<16).map { UInt8($0 * 17) }  // minimum -3
        case .q8_0: one + (0..<32).map { UInt8(bitPattern: Int8($0 * 8 - 124 + ($0 == 0 ? -3 : 0))) }
        }
    }

    @Test(arguments: BlockFormat.allCases) func blocksHaveTheKnownBytes(format: BlockFormat) {
        #expect(Self.block(format).count == format.byteCount)
        #expect(packed(format, Self.values(format)) == Self.block(format))
        #expect(unpacked(format, Self.block(format)) == Self.values(format))
    }

    /// The fifth bit belongs to element i of the first half, i + 16 of the second.
    @Test func fifthBitsAreByElement() {
        var bytes = Self.one + [UInt8](repeating: 0, count: 20)
        (bytes[2], bytes[4]) = (1 << 3, 1 << 5)
        let values = unpacked(.q5_0, bytes)
        #expect(values.indices.filter { values[$0] == 0 } == [3, 21])
        #expect(values.filter { $0 == -16 }.count == 30)
    }

    @Test(arguments: BlockFormat.allCases) func numbersComeBackWithinHalfAStep(format: BlockFormat) {
        var generator = SeededGenerator(seed: 3)
        let values = (0..<64 * 32).map { _ in generator.nextSignedUnit() * 0.3 }
        let bytes = packed(format, values)
        let read = unpacked(format, bytes)
        for block in 0..<64 {
            let start = block * format.byteCount
            let scale = abs(Float(Float16(bitPattern: UInt16(bytes[start]) | UInt16(bytes[start + 1]) << 8)))
            // Scales and minima are rounded to half precision: 11 bits of up to 127 steps.
            let tolerance = scale * 0.5 + 0.3 * 0x1p-10
            for index in block * 32..<(block + 1) * 32 {
                // Where zero is the middle integer, the side without the largest number ends one step early.
                let isCut = (format == .q4_0 || format == .q5_0) && abs(values[index]) > abs(read[index])
                #expect(abs(values[index] - read[index]) <= tolerance + (isCut ? scale * 0.5 : 0))
            }
        }
    }

    @Test(arguments: BlockFormat.allCases) func zerosStayZeros(format: BlockFormat) {
        #expect(unpacked(format, packed(format, [Float](repeating: 0, count: 64))).allSatisfy { $0 == 0 })
    }

    @Test(arguments: BlockFormat.allCases) func whatIsNoNumberEndsInSomeBlock(format: BlockFormat) {
        for strange in [Float.nan, .infinity, -.infinity, .greatestFiniteMagnitude] {
            var values = [Float](repeating: 1, count: 32)
            for index in [0, 17] {
                values[index] = strange
                #expect(packed(format, values).count == format.byteCount)
            }
        }
    }
}
