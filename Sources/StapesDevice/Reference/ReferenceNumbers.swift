import CKernels

/// Typed access to raw rows for the reference kernels, element by element.
struct ReferenceRows {
    let pointer: UnsafeRawPointer
    let type: stapes_type

    subscript(index: Int) -> Float {
        switch type {
        case STAPES_FLOAT32: pointer.loadUnaligned(fromByteOffset: index * 4, as: Float.self)
        case STAPES_BFLOAT16:
            Float(bitPattern: UInt32(pointer.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self)) << 16)
        case STAPES_FLOAT8: referenceFloat8(pointer.load(fromByteOffset: index, as: UInt8.self))
        default: referenceHalf(pointer.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self))
        }
    }
}

/// Where reference kernels write.
struct ReferenceOutput {
    let pointer: UnsafeMutableRawPointer
    let type: stapes_type

    func store(_ value: Float, at index: Int) {
        switch type {
        case STAPES_FLOAT32: pointer.storeBytes(of: value, toByteOffset: index * 4, as: Float.self)
        case STAPES_BFLOAT16:
            pointer.storeBytes(of: referenceBFloat16(value), toByteOffset: index * 2, as: UInt16.self)
        case STAPES_FLOAT8: pointer.storeBytes(of: referenceFloat8(of: value), toByteOffset: index, as: UInt8.self)
        default: pointer.storeBytes(of: referenceHalf(of: value), toByteOffset: index * 2, as: UInt16.self)
        }
    }

    func load(_ index: Int) -> Float { ReferenceRows(pointer: UnsafeRawPointer(pointer), type: type)[index] }
}

/// Rounds to the nearest bfloat16, ties to even; a NaN stays one.
func referenceBFloat16(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    if value.isNaN { return UInt16(truncatingIfNeeded: bits >> 16) | 0x40 }
    return UInt16(truncatingIfNeeded: (bits &+ 0x7fff &+ ((bits >> 16) & 1)) >> 16)
}

/// Rounds to the nearest half, ties to even; what is too large becomes the largest, infinities too, a NaN stays one.
func referenceHalf(of value: Float) -> UInt16 {
    let sign: UInt16 = value.sign == .minus ? 0x8000 : 0
    if value.isNaN { return sign | 0x7e00 }
    let magnitude = min(value.magnitude, 65504)
    // The spacing of halves there: 2^-24 up to 2^-14, ten bits below the exponent above.
    let spacing = Float(sign: .plus, exponent: max(Int(magnitude.exponent), -14) - 10, significand: 1)
    let steps = Int((magnitude / spacing).rounded(.toNearestOrEven))
    if magnitude < 0x1p-14 { return sign | UInt16(steps) }
    // A carry into the exponent is the next binade.
    return sign | UInt16(((Int(magnitude.exponent) + 15) << 10) + steps - 1024)
}

/// IEEE half precision, subnormals included.
func referenceHalf(_ bits: UInt16) -> Float {
    let sign: Float = bits & 0x8000 == 0 ? 1 : -1
    let exponent = Int(bits >> 10) & 31
    let fraction = Float(bits & 0x3ff)
    if exponent == 31 { return fraction == 0 ? sign * .infinity : .nan }
    if exponent == 0 { return sign * fraction * 0x1p-24 }
    return sign * (1 + fraction * 0x1p-10) * Float(sign: .plus, exponent: exponent - 15, significand: 1)
}

/// Rounds to the nearest E4M3, ties to even; what is too large becomes the largest, infinities too, a NaN stays one.
package func referenceFloat8(of value: Float) -> UInt8 {
    let sign: UInt8 = value.sign == .minus ? 0x80 : 0
    if value.isNaN { return sign | 0x7f }
    let magnitude = min(value.magnitude, 448)
    // The spacing there: 2^-9 up to 2^-6, three bits below the exponent above.
    let spacing = Float(sign: .plus, exponent: max(Int(magnitude.exponent), -6) - 3, significand: 1)
    let steps = Int((magnitude / spacing).rounded(.toNearestOrEven))
    if magnitude < 0x1p-6 { return sign | UInt8(steps) }
    // A carry into the exponent is the next binade.
    return sign | UInt8(((Int(magnitude.exponent) + 7) << 3) + steps - 8)
}

/// E4M3: subnormals, no infinities, and one magnitude that is no number.
func referenceFloat8(_ code: UInt8) -> Float {
    let sign: Float = code & 0x80 == 0 ? 1 : -1
    let exponent = Int(code >> 3) & 15
    let fraction = Float(code & 7)
    if code & 0x7f == 0x7f { return sign < 0 ? -.nan : .nan }
    if exponent == 0 { return sign * fraction * 0x1p-9 }
    return sign * (1 + fraction * 0x1p-3) * Float(sign: .plus, exponent: exponent - 7, significand: 1)
}
