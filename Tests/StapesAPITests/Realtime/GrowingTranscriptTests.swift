import Stapes
import StapesAPI
import Testing

@Suite("The text of a turn while it is heard")
struct GrowingTranscriptTests {
    private func result(_ text: String, isFinal: Bool = false) -> LiveResult {
        LiveResult(text: text, segments: [], isFinal: isFinal, range: 0..<1, language: "en")
    }

    private func pieces(_ looks: [String], final: String...) -> (pieces: [String], text: String) {
        var transcript = GrowingTranscript()
        var pieces = looks.compactMap { transcript.hear(result($0)) }
        pieces += final.compactMap { transcript.hear(result($0, isFinal: true)) }
        let end = transcript.finish()
        return (pieces + (end.piece.map { [$0] } ?? []), end.text)
    }

    @Test("Words are told when two looks in a row have them")
    func agreement() {
        let told = pieces(
            [" And so", " And so my", " And so, my fellow", " And so, my fellow Am"], final: " And so, my man.")
        #expect(told.pieces.first == "And so")
        #expect(told.text == "And so, my man.")
        let others = pieces([" ask", " ask not", " ask not what", " ask not what your"], final: " ask not what your")
        #expect(others.pieces == ["ask", " not", " what", " your"])
    }

    @Test("Half a word is not told")
    func halves() {
        #expect(pieces([" the cat", " the catalog"], final: " the catalog").pieces == ["the", " catalog"])
        #expect(pieces([" the cat.", " the cat sat"], final: " the cat sat").pieces == ["the", " cat sat"])
    }

    @Test("Scripts without spaces are told letter by letter")
    func unspaced() {
        #expect(pieces(["今日は", "今日はいい", "今日はいい天"], final: "今日はいい天気").pieces == ["今日は", "いい", "天気"])
    }

    @Test("Pieces follow one another over final segments")
    func finals() {
        var transcript = GrowingTranscript()
        var pieces: [String] = []
        func hear(_ text: String, isFinal: Bool = false) {
            if let piece = transcript.hear(result(text, isFinal: isFinal)) { pieces.append(piece) }
        }
        hear(" One two.")
        hear(" One two. Three")
        hear(" One two.", isFinal: true)
        hear(" Three four")
        hear(" Three four five")
        hear(" Three four five.", isFinal: true)
        let end = transcript.finish()
        #expect(pieces == ["One two.", " Three", " four", " five."])
        #expect(end.piece == nil)
        #expect(end.text == "One two. Three four five.")
    }

    @Test("After other words than were told, telling goes on and the end puts it right")
    func correction() {
        var transcript = GrowingTranscript()
        #expect(transcript.hear(result(" I scream")) == nil)
        #expect(transcript.hear(result(" I scream")) == "I scream")
        #expect(transcript.hear(result(" Ice cream.", isFinal: true)) == nil)
        #expect(transcript.hear(result(" Please", isFinal: true)) == " Please")
        let end = transcript.finish()
        #expect(end.piece == nil)
        #expect(end.text == "Ice cream. Please")
    }

    @Test("Nothing heard is an empty text")
    func nothing() {
        let told = pieces([" you", ""])
        #expect(told.pieces.isEmpty && told.text.isEmpty)
    }
}
