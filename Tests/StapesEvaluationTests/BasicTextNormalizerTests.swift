import StapesEvaluation
import Testing

/// What comes out was written by the reference's `BasicTextNormalizer` (openai/whisper 20250625).
struct BasicTextNormalizerTests {
    @Test(
        "text is brought to the reference's form, with and without its two options",
        arguments: [
            ("Grüße, aus (dem schönen) Köln!", "grüße aus köln ", "grusse aus koln ", "g r ü ß e a u s k ö l n "),
            ("L'été — [musique] c'est «fini».", "l été c est fini ", "l ete c est fini ", "l é t é c e s t f i n i "),
            ("ΟΔΥΣΣΕΎΣ ΣΑΣ", "οδυσσεύς σας", "οδυσσευς σας", "ο δ υ σ σ ε ύ ς σ α ς"),
            ("İzmir'de", "i zmir de", "izmir de", "i z m i r d e"),
            ("全角ＡＢＣ１２３、終わり。", "全角abc123 終わり ", "全角abc123 終わり ", "全 角 a b c 1 2 3 終 わ り "),
            ("हिन्दी भाषा", "ह न द भ ष ", "ह नद भ ष ", "ह न द भ ष "),
            ("Œdipe ŁÓDŹ ﬁn", "œdipe łódź fin", "oedipe lodz fin", "œ d i p e ł ó d ź f i n"),
            ("𠁥\u{301} e\u{301}", "𠁥 é", "𠁥 e", "𠁥 é"),
        ])
    func matchesReference(text: String, plain: String, withoutDiacritics: String, splitLetters: String) {
        #expect(scalars(BasicTextNormalizer().normalize(text)) == scalars(plain))
        #expect(
            scalars(BasicTextNormalizer(removesDiacritics: true).normalize(text)) == scalars(withoutDiacritics))
        #expect(scalars(BasicTextNormalizer(splitsLetters: true).normalize(text)) == scalars(splitLetters))
    }
}

/// Scalars, for `==` on strings holds composed and decomposed letters equal.
func scalars(_ text: String) -> [Unicode.Scalar] {
    Array(text.unicodeScalars)
}
