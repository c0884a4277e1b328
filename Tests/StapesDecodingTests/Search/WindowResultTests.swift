import StapesDecoding
import Testing

struct WindowResultTests {
    @Test func theAverageCountsTheEndOfText() {
        let result = WindowResult(tokens: [1, 2, 3], sumLogProbability: -2, noSpeechProbability: 0)
        #expect(result.averageLogProbability == -0.5)
        #expect(WindowResult(tokens: [], sumLogProbability: -2, noSpeechProbability: 0).averageLogProbability == -2)
    }

    @Test func compressionRatiosEqualTheReferences() throws {
        struct Golden: Decodable {
            var text: String
            var ratio: Double
            init(from decoder: any Decoder) throws {
                var container = try decoder.unkeyedContainer()
                text = try container.decode(String.self)
                ratio = try container.decode(Double.self)
            }
        }
        let goldens: [Golden] = try Goldens.load("ratios.json")
        #expect(goldens.count == 6)
        for golden in goldens {
            #expect(CompressionRatio.of(golden.text) == golden.ratio, "\(golden.text.prefix(20))")
        }
    }

    @Test func theRatioIsThatOfTheStrippedText() {
        let coder = TinyCoder()
        let bare = WindowResult(tokens: [5, 6, 5, 6], sumLogProbability: 0, noSpeechProbability: 0)
        let padded = WindowResult(tokens: [290, 5, 6, 5, 6, 290], sumLogProbability: 0, noSpeechProbability: 0)
        #expect(bare.compressionRatio(coder) == padded.compressionRatio(coder))
        #expect(CompressionRatio.of("w5 w6 w5 w6") == bare.compressionRatio(coder))
    }

    @Test(arguments: [(1, 224), (4, 224), (225, 224), (226, 223), (448, 1), (449, 0), (500, 0)])
    func aWindowStopsAtTheContextsEnd(promptCount: Int, steps: Int) {
        #expect(SamplingLimits.stepLimit(promptCount: promptCount) == steps)
    }

    @Test func strippingFollowsPython() {
        #expect("\u{1C}\u{1F} \u{3000}\u{A0}\u{2028}a b\n\u{85}\t".strippingWhitespace() == "a b")
        #expect("\u{200B}a\u{FEFF}".strippingWhitespace() == "\u{200B}a\u{FEFF}")
        #expect(" \u{301}".strippingWhitespace() == "\u{301}")
        #expect(" \n".strippingWhitespace() == "")
    }
}
