import ArgumentParser
import StapesModel

/// What `models quantize` makes of the weights.
enum QuantizationType: String, CaseIterable, ExpressibleByArgument {
    // The format's own words.
    // swift-format-ignore: AlwaysUseLowerCamelCase
    case int8, q8_0, q5_1, q5_0, q4_1, q4_0, f16, f32

    /// The type of a ggml file's matrices; nil for `int8`, which is a CTranslate2 folder.
    var ggml: GGMLType? { GGMLType(rawValue: rawValue) }

    /// Whether most weights come out as other numbers.
    var isRounding: Bool { self != .f32 && self != .f16 }
}
