import FoundationEssentials
import StapesAPI
import StapesTesting
import Testing

@Suite("Base64")
struct Base64Tests {
    @Test("Bytes of every length come back")
    func roundTrip() {
        var generator = SeededGenerator(seed: 3)
        for count in 0...100 {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            #expect(Base64.bytes(of: Data(bytes).base64EncodedString()) == bytes)
        }
    }

    @Test(
        "What is not strictly base64 is refused",
        arguments: [
            "A", "AA", "AAA", "AA=", "A===", "====", "AAAA=", "AA==AAAA", "AA=A", "=AAA", "AA\nA", "AAAA\n", " AAAA",
            "AA-_", "AB==", "AAB=", "AÄA", "AA\0A",
        ])
    func refused(text: String) {
        #expect(Base64.bytes(of: text) == nil)
    }

    @Test("A letter that is wrong is found in every place")
    func wrongLetters() {
        let text = Array("QUJDREVGR0g=".utf8)
        #expect(Base64.bytes(of: String(decoding: text, as: UTF8.self)) == Array("ABCDEFGH".utf8))
        for place in 0..<text.count - 1 {
            var wrong = text
            wrong[place] = UInt8(ascii: "*")
            #expect(Base64.bytes(of: String(decoding: wrong, as: UTF8.self)) == nil)
        }
    }
}
