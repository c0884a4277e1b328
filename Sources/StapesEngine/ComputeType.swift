import StapesDevice
import StapesModel

/// What the model computes in.
public enum ComputeType: String, Sendable, Hashable, CaseIterable {
    /// The fastest on this processor of those whose error rate is within 0.2 points of float32's (docs/Benchmarks.md):
    /// `bfloat16Encoder`, `int16Encoder` or `float16`.
    case auto
    /// The truth. Weights that float16 holds exactly are held so, which changes no bit.
    case float32
    /// The decoder's weights and its caches in float16; every product in float32. Where the processor multiplies bytes
    /// (avx512_vnni), logits come from weights in int8 and the likeliest of them again from those in float16.
    case float16
    /// Weights and caches in bfloat16, sums in float32.
    case bfloat16
    /// The encoder in bfloat16, the decoder as in float16.
    case bfloat16Encoder = "bfloat16_float16"
    /// The encoder in integers of twelve bits (to fourteen in its attention), the decoder as in float16. Where the processor
    /// does not multiply pairs of 16-bit integers (avx512_vnni), the encoder is in float32.
    case int16Encoder = "int16_float16"
    /// The decoder's weights in int8 and its caches in float16, the likeliest logits again as in `float16`; the encoder as
    /// `auto` has it.
    case int8
}

/// What a window's keys and values are held in, all of which every decode step reads.
public enum CrossKVType: String, Sendable, Hashable, CaseIterable {
    /// What the compute type holds caches in.
    case auto
    /// Eight bits (E4M3): half of what float16 takes, and the error rate is another (docs/Lab.md). Keys and values of a
    /// transcript's own tokens stay as they are.
    case float8
}

/// What this processor encodes windows in faster than in float32.
enum FastEncoder: Sendable, Hashable {
    case bfloat16
    case int16
}

extension ComputeType {
    /// What `auto` stands for.
    func resolved(_ fast: FastEncoder?) -> ComputeType {
        guard self == .auto else { return self }
        return switch fast {
        case .bfloat16: .bfloat16Encoder
        case .int16: .int16Encoder
        case nil: .float16
        }
    }
}

/// What each part of the model computes or holds in what.
package struct ComputeTypes: Sendable, Hashable {
    /// Of windows, until they are keys and values.
    package let encoder: ScalarType
    /// What the products and the attention of windows are rounded to instead, if they are.
    package let encoderIntegers: Linear.Integers?
    package let decoder: DecoderTypes
    /// Of keys and values of tokens.
    package let cache: ScalarType
    /// Of keys and values of windows.
    package let crossCache: ScalarType

    /// - Parameters:
    ///   - resolved: not `auto`.
    ///   - fast: what `auto` would encode in.
    ///   - vnni: whether the processor multiplies and adds up integers of 8 and of 16 bits.
    init(_ resolved: ComputeType, crossKV: CrossKVType, fast: FastEncoder?, vnni: Bool) {
        switch resolved {
        case .bfloat16, .bfloat16Encoder: (encoder, encoderIntegers) = (.bfloat16, nil)
        case .int16Encoder: (encoder, encoderIntegers) = (.float32, vnni ? .int16 : nil)
        case .int8:
            (encoder, encoderIntegers) = (fast == .bfloat16 ? .bfloat16 : .float32, fast == .int16 ? .int16 : nil)
        case .auto, .float32, .float16: (encoder, encoderIntegers) = (.float32, nil)
        }
        switch resolved {
        case .bfloat16: cache = .bfloat16
        case .float16, .bfloat16Encoder, .int16Encoder, .int8: cache = .float16
        case .auto, .float32: cache = .float32
        }
        crossCache = crossKV == .float8 ? .float8 : cache
        let weights: ScalarType =
            switch resolved {
            case .bfloat16: .bfloat16
            case .float16, .bfloat16Encoder, .int16Encoder: .float16
            case .auto, .float32, .int8: .float32
            }
        decoder = DecoderTypes(
            window: encoder, windowIntegers: encoderIntegers, windowKeys: cache == .bfloat16 ? .bfloat16 : .float32,
            activations: resolved == .bfloat16 ? .bfloat16 : .float32, weights: weights,
            integers: resolved == .int8 ? .int8 : nil,
            refinesLogits: vnni && cache == .float16)
    }

    /// On a GPU everything between two sums is of one 16-bit type; sums and the residual stream are float32.
    init(onGPU type: ScalarType, crossKV: CrossKVType) {
        encoder = type
        encoderIntegers = nil
        cache = type
        crossCache = crossKV == .float8 ? .float8 : type
        decoder = DecoderTypes(
            window: type, windowIntegers: nil, windowKeys: type, activations: type, weights: type, integers: nil,
            refinesLogits: false)
    }
}
