/// The element types of a ggml file: its numbers and its words for them.
package enum GGMLType: String, Sendable, Hashable, CaseIterable {
    // The format's own words.
    // swift-format-ignore: AlwaysUseLowerCamelCase
    case f32, f16, q4_0, q4_1, q5_0, q5_1, q8_0

    /// The number a weight's description has for its type.
    package var number: UInt32 {
        switch self {
        case .f32: 0
        case .f16: 1
        case .q4_0: 2
        case .q4_1: 3
        case .q5_0: 6
        case .q5_1: 7
        case .q8_0: 8
        }
    }

    /// The number a file's header has for the type of most of its weights, without the version of the blocks' layout.
    package var fileNumber: UInt32 {
        switch self {
        case .f32: 0
        case .f16: 1
        case .q4_0: 2
        case .q4_1: 3
        case .q8_0: 7
        case .q5_0: 8
        case .q5_1: 9
        }
    }

    /// Nil for the two that are plain numbers.
    package var blocks: BlockFormat? { BlockFormat(rawValue: rawValue) }

    /// - Parameter count: a multiple of a block's elements.
    func byteCount(of count: Int) -> Int {
        switch self {
        case .f32: count * 4
        case .f16: count * 2
        case .q4_0, .q4_1, .q5_0, .q5_1, .q8_0:
            count / BlockFormat.length * (blocks?.byteCount ?? 0)
        }
    }

    init?(number: UInt32) {
        guard let type = Self.allCases.first(where: { $0.number == number }) else { return nil }
        self = type
    }

    /// What ggml calls a type by its number; nil for a number it does not know.
    static func word(number: UInt32) -> String? {
        GGMLType(number: number)?.rawValue ?? otherWords[number]
    }

    /// The types that no weight is read from.
    private static let otherWords: [UInt32: String] = [
        9: "q8_1", 10: "q2_K", 11: "q3_K", 12: "q4_K", 13: "q5_K", 14: "q6_K", 15: "q8_K", 16: "iq2_xxs", 17: "iq2_xs",
        18: "iq3_xxs", 19: "iq1_s", 20: "iq4_nl", 21: "iq3_s", 22: "iq2_s", 23: "iq4_xs", 24: "i8", 25: "i16",
        26: "i32", 27: "i64", 28: "f64", 29: "iq1_m", 30: "bf16", 34: "tq1_0", 35: "tq2_0", 39: "mxfp4", 40: "nvfp4",
    ]
}
