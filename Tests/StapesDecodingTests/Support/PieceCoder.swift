import StapesDecoding
import StapesTokenizer

/// Ids that are parts of words, signs, and parts of characters.
struct PieceCoder: TextCoder {
    let special = SpecialTokens.tiny
    let nonSpeechTokens: [Int] = []
    private let pieces: [[UInt8]]

    /// - Parameter pieces: bytes of every id, in hexadecimal.
    init(pieces: [String]) {
        self.pieces = pieces.map { piece in
            let digits = Array(piece)
            return stride(from: 0, to: digits.count, by: 2).map {
                UInt8(digits[$0].hexDigitValue! << 4 + digits[$0 + 1].hexDigitValue!)
            }
        }
    }

    init(texts: [String]) { pieces = texts.map { Array($0.utf8) } }

    func encode(_ text: String) -> [Int] { [5] }

    func decode(_ tokens: some Sequence<Int>) -> String {
        String(decoding: tokens.filter { $0 < special.endOfText }.flatMap { pieces[$0] }, as: UTF8.self)
    }

    func bytes(of token: Int) -> [UInt8] {
        token < special.endOfText ? pieces[token] : Array("<|endoftext|>".utf8)
    }
}
