import StapesTokenizer
import Testing

/// Expected pieces come from Python's `regex` with the pattern in `PieceScanner`'s documentation.
struct PieceScannerTests {
    private func pieces(_ text: String) -> [String] {
        let utf8 = Array(text.utf8)
        return utf8.withUnsafeBufferPointer { buffer in
            var scanner = PieceScanner(buffer)
            var pieces: [String] = []
            while let range = scanner.next() { pieces.append(String(decoding: buffer[range], as: UTF8.self)) }
            return pieces
        }
    }

    @Test(
        "text is cut where the pattern cuts it",
        arguments: [
            ("", []),
            ("Hello world", ["Hello", " world"]),
            (
                "it's we're they've I'm he'll she'd can't",
                ["it", "'s", " we", "'re", " they", "'ve", " I", "'m", " he", "'ll", " she", "'d", " can", "'t"]
            ),
            (
                "IT'S 's ''s 'x 'r 'l'",
                ["IT", "'", "S", " '", "s", " ''", "s", " '", "x", " '", "r", " '", "l", "'"]
            ),
            ("a  b   c", ["a", " ", " b", "  ", " c"]),
            ("end  ", ["end", "  "]),
            ("\n\n\tx", ["\n\n", "\t", "x"]),
            (" \n", [" \n"]),
            ("x\u{A0}y\u{3000} z", ["x", "\u{A0}", "y", "\u{3000}", " z"]),
            (" 12abc34 ½Ⅷ", [" 12", "abc", "34", " ½Ⅷ"]),
            (" ...what?!  no—yes", [" ...", "what", "?!", " ", " no", "—", "yes"]),
            ("héllo Ωδε日本 한국어", ["héllo", " Ωδε日本", " 한국어"]),
            ("e\u{301} 👍🏽!", ["e", "\u{301}", " 👍🏽!"]),
            ("don't1'd", ["don", "'t", "1", "'d"]),
        ])
    func cuts(text: String, expected: [String]) {
        #expect(pieces(text) == expected)
    }
}
