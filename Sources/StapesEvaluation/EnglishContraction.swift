/// A contraction or short title and what it stands for.
struct EnglishContraction: Sendable {
    private let pattern: Scalars
    private let replacement: Scalars
    /// Whether the pattern must start a word. It must always end one.
    private let startsWord: Bool

    /// In the order in which the reference applies them: `can't` before `n't`, `'s been` before `'s`.
    static let all: [EnglishContraction] =
        words.map { EnglishContraction(pattern: Scalars($0), replacement: Scalars($1), startsWord: true) }
        + titles.map { EnglishContraction(pattern: Scalars($0), replacement: Scalars($1 + " "), startsWord: true) }
        + endings.map { EnglishContraction(pattern: Scalars($0), replacement: Scalars(" " + $1), startsWord: false) }

    func expand(in text: Scalars) -> Scalars {
        guard var match = firstMatch(in: text, from: 0) else { return text }
        var result = Scalars()
        result.reserveCapacity(text.count + 16)
        var start = 0
        while true {
            result.append(contentsOf: text[start..<match])
            result.append(contentsOf: replacement)
            start = match + pattern.count
            guard let next = firstMatch(in: text, from: start) else { break }
            match = next
        }
        result.append(contentsOf: text[start...])
        return result
    }

    private func firstMatch(in text: Scalars, from start: Int) -> Int? {
        guard text.count - start >= pattern.count else { return nil }
        return (start...text.count - pattern.count).first { index in
            text[index] == pattern[0] && text.matches(pattern, at: index)
                && text.isWordBoundary(at: index + pattern.count) && (!startsWord || text.isWordBoundary(at: index))
        }
    }

    private static let words = [
        ("won't", "will not"), ("can't", "can not"), ("let's", "let us"), ("ain't", "aint"), ("y'all", "you all"),
        ("wanna", "want to"), ("gotta", "got to"), ("gonna", "going to"), ("i'ma", "i am going to"),
        ("imma", "i am going to"), ("woulda", "would have"), ("coulda", "could have"), ("shoulda", "should have"),
        ("ma'am", "madam"),
    ]

    private static let titles = [
        ("mr", "mister"), ("mrs", "missus"), ("st", "saint"), ("dr", "doctor"), ("prof", "professor"),
        ("capt", "captain"), ("gov", "governor"), ("ald", "alderman"), ("gen", "general"), ("sen", "senator"),
        ("rep", "representative"), ("pres", "president"), ("rev", "reverend"), ("hon", "honorable"),
        ("asst", "assistant"), ("assoc", "associate"), ("lt", "lieutenant"), ("col", "colonel"), ("jr", "junior"),
        ("sr", "senior"), ("esq", "esquire"),
    ]

    private static let endings = [
        ("'d been", "had been"), ("'s been", "has been"), ("'d gone", "had gone"), ("'s gone", "has gone"),
        ("'d done", "had done"), ("'s got", "has got"),
        ("n't", "not"), ("'re", "are"), ("'s", "is"), ("'d", "would"), ("'ll", "will"), ("'t", "not"), ("'ve", "have"),
        ("'m", "am"),
    ]
}
