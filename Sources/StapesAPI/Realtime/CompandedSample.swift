/// G.711: eight bits that stand for a sample of 14 (µ-law) or 13 (A-law), here on the scale of 16 bits.
enum CompandedSample {
    /// Values by byte, in -1...1.
    static let muLaw: [Float] = (0...255).map { Float(muLaw(UInt8($0))) / 32_768 }
    static let aLaw: [Float] = (0...255).map { Float(aLaw(UInt8($0))) / 32_768 }

    /// ITU-T G.711, table 2: all bits inverted; sign, exponent, mantissa; 33 is added before the logarithm.
    private static func muLaw(_ byte: UInt8) -> Int {
        let bits = Int(~byte)
        let magnitude = ((bits & 0x0F) << 3 + 0x84) << ((bits >> 4) & 7) - 0x84
        return bits & 0x80 == 0 ? magnitude : -magnitude
    }

    /// ITU-T G.711, table 1: every other bit inverted; the lowest two of the eight segments have steps of one size.
    private static func aLaw(_ byte: UInt8) -> Int {
        let bits = Int(byte ^ 0x55)
        let exponent = (bits >> 4) & 7
        let mantissa = (bits & 0x0F) << 4 + 8
        let magnitude = exponent == 0 ? mantissa : (mantissa + 0x100) << (exponent - 1)
        return bits & 0x80 == 0 ? -magnitude : magnitude
    }
}
