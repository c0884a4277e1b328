import StapesDecoding
import StapesTokenizer

extension SpecialTokens {
    /// Three hundred text ids and three languages: the vocabulary of the recorded goldens.
    static let tiny = SpecialTokens(
        endOfText: 300, startOfTranscript: 301, translate: 305, transcribe: 306, startOfLM: 307, startOfPrevious: 308,
        noSpeech: 309, noTimestamps: 310, timestampBegin: 311, languages: 302..<305)

    /// Of the multilingual models with 99 languages.
    static let base = SpecialTokens(
        endOfText: 50257, startOfTranscript: 50258, translate: 50358, transcribe: 50359, startOfLM: 50360,
        startOfPrevious: 50361, noSpeech: 50362, noTimestamps: 50363, timestampBegin: 50364, languages: 50259..<50358)

    /// Of the English-only models.
    static let english = SpecialTokens(
        endOfText: 50256, startOfTranscript: 50257, translate: 50357, transcribe: 50358, startOfLM: 50359,
        startOfPrevious: 50360, noSpeech: 50361, noTimestamps: 50362, timestampBegin: 50363, languages: 0..<0)

    func stamp(_ index: Int) -> Int { timestampBegin + index }
}

/// Words w0 ... w289; id 220 is a lone space, ids from 290 are line ends.
struct TinyCoder: TextCoder {
    var special = SpecialTokens.tiny
    var nonSpeechTokens = [1, 2, 7, 60, 61, 62, 299]

    func encode(_ text: String) -> [Int] {
        if text == " " {
            return [220]
        }
        return text.split(whereSeparator: \.isWhitespace).compactMap { Int($0.dropFirst()) }
    }

    func decode(_ tokens: some Sequence<Int>) -> String {
        tokens.lazy.filter { $0 < special.endOfText }
            .map { $0 == 220 ? " " : $0 >= 290 ? "\n" : " w\($0)" }
            .joined()
    }

    func bytes(of token: Int) -> [UInt8] {
        token < special.endOfText ? Array(decode([token]).utf8) : Array("<|\(token)|>".utf8)
    }
}
