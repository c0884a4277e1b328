import StapesAPI
import StapesDecoding
import StapesTesting
import Testing

@Suite("Increments of a text")
struct DeltaTextTests {
    @Test("The first space is dropped, and white space waits for what follows it")
    func spaces() {
        var delta = DeltaText()
        let increments = ["  ", " Hello ", "", " \n", " world.", " "].map { delta.append($0) }
        #expect(increments == ["", "Hello", "", "", "  \n world.", ""])
        #expect(delta.text == "Hello  \n world.")
    }

    @Test("Whatever the pieces are, the increments are the trimmed text, and none ends too early")
    func randomPieces() {
        var random = SeededGenerator(seed: 3)
        let scalars: [Unicode.Scalar] = [
            " ", " ", "\n", "\u{A0}", "\u{3000}", "\u{301}", "a", "é", "字", "\u{200B}", ".",
        ]
        for _ in 0..<5000 {
            let pieces = (0..<Int.random(in: 0...8, using: &random)).map { _ in
                String(
                    String.UnicodeScalarView(
                        (0..<Int.random(in: 0...4, using: &random)).map { _ in scalars.randomElement(using: &random)! })
                )
            }
            var delta = DeltaText()
            var sent: [Unicode.Scalar] = []
            for piece in pieces {
                sent += Array(delta.append(piece).unicodeScalars)
                #expect(sent.last?.isStripped != true)
                #expect(sent.first?.isStripped != true)
            }
            #expect(sent == Array(pieces.joined().strippingWhitespace().unicodeScalars))
            #expect(sent == Array(delta.text.unicodeScalars))
        }
    }
}
