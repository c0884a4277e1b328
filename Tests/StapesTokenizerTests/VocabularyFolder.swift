import StapesTesting
import StapesTokenizer

/// A made-up vocabulary in a temporary folder, in any of the formats a model folder can hold.
struct VocabularyFolder {
    private let directory: TemporaryDirectory
    var path: String { directory.path }

    init() throws { directory = try TemporaryDirectory() }

    func write(_ text: String, to name: String) throws { try directory.write(text, to: name) }

    /// GPT-2's spelling of bytes.
    static func spelling(_ bytes: some Sequence<UInt8>) -> String {
        String(bytes.map { alphabet[Int($0)] })
    }

    private static let alphabet: [Character] = {
        var others: UInt32 = 0
        return (UInt32(0)...255).map { byte in
            switch byte {
            case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: return Character(Unicode.Scalar(UInt8(byte)))
            default:
                defer { others += 1 }
                return Character(Unicode.Scalar(0x100 + others) ?? "\u{FFFD}")
            }
        }
    }()

    /// The 256 bytes and a few merges, lowest id first.
    static let merges = [("l", "o"), ("Ġ", "lo"), ("o", "l"), ("l", "l"), ("ll", "ll"), ("h", "e"), ("he", "llll")]
    static let ordinary = (0...255).map { spelling([UInt8($0)]) } + merges.map { $0.0 + $0.1 }

    /// Special tokens as a Whisper model has them after its ordinary ones.
    static func special(languages: Int, noSpeech: String = "nospeech") -> [String] {
        let names =
            ["endoftext", "startoftranscript"] + Languages.all.prefix(languages).map(\.code)
            + ["translate", "transcribe", "startoflm", "startofprev", noSpeech, "notimestamps"]
        return names.map { "<|\($0)|>" }
    }

    static let stamps = (0...1500).map { step in
        let hundredths = step * 2
        let fraction = hundredths % 100
        return "<|\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction)|>"
    }

    /// Ordinary tokens of a given count; those past the known are byte triples that no text holds.
    static func padded(to count: Int) -> [String] {
        var tokens = ordinary
        for first in UInt8(0xF8)...0xFF {
            for second in UInt8.min...UInt8.max {
                for third in UInt8(0x80)...0x9F where tokens.count < count {
                    tokens.append(spelling([first, second, third]))
                }
            }
        }
        return tokens
    }

    static func quoted(_ text: String) -> String {
        "\"" + text.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : "\($0)" }.joined() + "\""
    }

    /// A `tokenizer.json` with the ordinary tokens as its vocabulary and the others added.
    static func tokenizerJSON(special: [String], merges: [String]) -> String {
        let vocabulary = ordinary.enumerated().map { "\(quoted($1)): \($0)" }.joined(separator: ", ")
        let added = special.enumerated().map {
            #"{"id": \#(ordinary.count + $0), "special": true, "content": "\#($1)"}"#
        }
        return """
            {"version": "1.0", "truncation": null, "added_tokens": [\(added.joined(separator: ", "))],
            "model": {"type": "BPE", "dropout": null, "merges": [\(merges.joined(separator: ", "))], "vocab": {\(vocabulary)}},
            "decoder": {"a": [1.5e-3, true, {"b": "\\"}"}]}}
            """
    }
}
