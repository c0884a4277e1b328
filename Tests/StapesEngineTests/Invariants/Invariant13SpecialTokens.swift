import StapesModel
import StapesTesting
import StapesTokenizer
import Testing

@Suite("Invariant 13: special tokens follow from the vocabulary") struct Invariant13SpecialTokens {
    /// The table of what every vocabulary's ids are, as published.
    struct Family: Sendable, CustomTestStringConvertible {
        let models: [String]
        let vocabulary: Int
        let endOfText, startOfTranscript: Int
        let languages: Range<Int>
        let translate, transcribe, startOfLM, startOfPrevious, noSpeech, noTimestamps: Int
        let stamps: ClosedRange<Int>
        var testDescription: String { models.joined(separator: ", ") }

        static let english = Family(
            models: ["tiny.en", "base.en", "small.en", "medium.en"], vocabulary: 51864, endOfText: 50256,
            startOfTranscript: 50257, languages: 50258..<50258, translate: 50357, transcribe: 50358, startOfLM: 50359,
            startOfPrevious: 50360, noSpeech: 50361, noTimestamps: 50362, stamps: 50363...51863)
        static let multilingual = Family(
            models: ["tiny", "base", "small", "medium", "large-v1", "large-v2"], vocabulary: 51865, endOfText: 50257,
            startOfTranscript: 50258, languages: 50259..<50358, translate: 50358, transcribe: 50359, startOfLM: 50360,
            startOfPrevious: 50361, noSpeech: 50362, noTimestamps: 50363, stamps: 50364...51864)
        static let withCantonese = Family(
            models: ["large-v3", "large-v3-turbo", "turbo"], vocabulary: 51866, endOfText: 50257,
            startOfTranscript: 50258, languages: 50259..<50359, translate: 50359, transcribe: 50360, startOfLM: 50361,
            startOfPrevious: 50362, noSpeech: 50363, noTimestamps: 50364, stamps: 50365...51865)

        func expectIDs(of special: SpecialTokens) {
            #expect(special.endOfText == endOfText)
            #expect(special.startOfTranscript == startOfTranscript)
            #expect(special.languages == languages && special.isMultilingual == !languages.isEmpty)
            #expect(special.translate == translate && special.transcribe == transcribe)
            #expect(special.startOfLM == startOfLM && special.startOfPrevious == startOfPrevious)
            #expect(special.noSpeech == noSpeech && special.noTimestamps == noTimestamps)
            #expect(special.timestampBegin == stamps.lowerBound && special.timestampEnd == stamps.upperBound)
        }
    }

    @Test(arguments: [Family.english, .multilingual, .withCantonese])
    func sizeOfTheVocabularyGivesTheIDs(family: Family) throws {
        for name in family.models {
            let model = try #require(KnownModels.configuration(named: name), "\(name)")
            #expect(model.vocabularySize == family.vocabulary, "\(name)")
            family.expectIDs(of: SpecialTokens(vocabularySize: model.vocabularySize))
        }
    }

    @Test(.enabled(if: TestModels.hasBase, "needs the model base")) func filesOfBaseGiveTheIDs() throws {
        let size = try Checkpoint(directory: TestModels.base).configuration.vocabularySize
        Family.multilingual.expectIDs(of: try Tokenizer(directory: TestModels.base, vocabularySize: size).special)
    }

    @Test(.enabled(if: TestModels.hasTinyEnglish, "needs the model tiny.en")) func filesOfTinyEnglishGiveTheIDs() throws
    {
        let size = try Checkpoint(directory: TestModels.tinyEnglish).configuration.vocabularySize
        Family.english.expectIDs(of: try Tokenizer(directory: TestModels.tinyEnglish, vocabularySize: size).special)
    }
}
