/// What a word can mean while a number is being read.
enum NumberWord: Sendable {
    case zero
    /// One to nineteen.
    case ones(Int)
    /// A plural or an ordinal below twenty: its value and its written suffix.
    case onesSuffixed(Int, String)
    case tens(Int)
    case tensSuffixed(Int, String)
    /// Hundred, thousand and so on, as a power of ten.
    case multiplier(Int)
    case multiplierSuffixed(Int, String)
    /// A sign written before the number that follows.
    case sign(String)
    /// A unit written before the number it follows.
    case currency(String)
    case percent
    /// Only with `cent` after it.
    case per
    case and
    /// `double`, `triple`.
    case repetition(Int)
    case point

    init?(_ word: String) {
        guard let meaning = Self.meanings[word] else { return nil }
        self = meaning
    }

    /// Whether the word can follow `point`.
    var isDecimal: Bool {
        switch self {
        case .zero, .ones, .tens: true
        default: false
        }
    }

    var isOnes: Bool { if case .ones = self { true } else { false } }
    var isTens: Bool { if case .tens = self { true } else { false } }
    var isMultiplier: Bool { if case .multiplier = self { true } else { false } }

    private static let ones = [
        "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
        "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
    ]

    private static let irregularOrdinals = [
        0: ("zeroth", "th"), 1: ("first", "st"), 2: ("second", "nd"), 3: ("third", "rd"), 5: ("fifth", "th"),
        12: ("twelfth", "th"),
    ]

    private static let multipliers = [
        ("hundred", 2), ("thousand", 3), ("million", 6), ("billion", 9), ("trillion", 12), ("quadrillion", 15),
        ("quintillion", 18), ("sextillion", 21), ("septillion", 24), ("octillion", 27), ("nonillion", 30),
        ("decillion", 33),
    ]

    private static let meanings: [String: NumberWord] = {
        var words: [String: NumberWord] = [
            "o": .zero, "oh": .zero, "zero": .zero, "minus": .sign("-"), "negative": .sign("-"), "plus": .sign("+"),
            "positive": .sign("+"), "pound": .currency("£"), "pounds": .currency("£"), "euro": .currency("€"),
            "euros": .currency("€"), "dollar": .currency("$"), "dollars": .currency("$"), "cent": .currency("¢"),
            "cents": .currency("¢"), "percent": .percent, "per": .per, "and": .and, "double": .repetition(2),
            "triple": .repetition(3), "point": .point,
        ]
        for (value, name) in zip(1..., ones) {
            words[name] = .ones(value)
            words[name == "six" ? "sixes" : name + "s"] = .onesSuffixed(value, "s")
            // By the reference's rule nine gives "nineth"; "ninth" stays a word.
            if irregularOrdinals[value] == nil {
                words[name + (name.hasSuffix("t") ? "h" : "th")] = .onesSuffixed(value, "th")
            }
        }
        for (value, (name, suffix)) in irregularOrdinals { words[name] = .onesSuffixed(value, suffix) }
        for (value, stem) in zip(2..., ["twent", "thirt", "fort", "fift", "sixt", "sevent", "eight", "ninet"]) {
            words[stem + "y"] = .tens(value * 10)
            words[stem + "ies"] = .tensSuffixed(value * 10, "s")
            words[stem + "ieth"] = .tensSuffixed(value * 10, "th")
        }
        for (name, exponent) in multipliers {
            words[name] = .multiplier(exponent)
            words[name + "s"] = .multiplierSuffixed(exponent, "s")
            words[name + "th"] = .multiplierSuffixed(exponent, "th")
        }
        return words
    }()
}
