/// Symbols that transcripts use for what is not speech: speaker tags, sound descriptions, music.
///
/// Follows `Tokenizer.non_speech_tokens` of the reference.
enum NonSpeechSymbols {
    /// Suppressed where they are one token, alone or after a space.
    private static let symbols =
        "\"#()*+/:;<=>@[\\]^_`{|}~「」『』".map(String.init)
        + [
            "<<", ">>", "<<<", ">>>", "--", "---", "-(", "-[", "('", "(\"", "((", "))", "(((", ")))", "[[", "]]", "{{",
            "}}",
        ]
        + ["♪♪", "♪♪♪"]

    /// Suppressed by their first token, whole or not: it stands for characters of the same block only.
    private static let musicalSymbols = "♩♪♫♬♭♮♯".map(String.init)

    /// Allowed inside a word (`well-known`, `don't`) but not at its start.
    private static let wordInitials = [" -", " '"]

    /// The ids to suppress, ascending.
    static func tokens(encode: (String) -> [Int]) -> [Int] {
        var tokens = Set(wordInitials.compactMap { encode($0).first })
        for symbol in symbols + musicalSymbols {
            for ids in [encode(symbol), encode(" " + symbol)] {
                if ids.count == 1 || musicalSymbols.contains(symbol) { tokens.formUnion(ids.prefix(1)) }
            }
        }
        return tokens.sorted()
    }
}
