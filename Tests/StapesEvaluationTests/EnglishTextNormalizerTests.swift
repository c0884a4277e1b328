import StapesEvaluation
import Testing

/// What comes out was written by the reference's `EnglishTextNormalizer` (openai/whisper 20250625).
struct EnglishTextNormalizerTests {
    private let normalizer = EnglishTextNormalizer(spellings: Spellings(["colour": "color", "harbour": "harbor"]))

    @Test(
        "ordinary text is brought to the reference's form",
        arguments: [
            ("", ""),
            ("   ", ""),
            ("The harbour's colour is GREY.", "the harbor is color is grey"),
            ("[door slams] We left (quietly) at <noise> dawn.", "we left at dawn"),
            ("Is it ( ) or () here?", "is it or here"),
            ("An opener ( without its closer [ stays", "an opener without its closer stays"),
            ("Um, uh, I hmmed and hmm, thummed.", "i hmmed and thummed"),
            ("They 're sure it 's so.", "they are sure it is so"),
            ("Won't you? Can't I? Let's go, y'all!", "will not you can not i let us go you all"),
            ("I'ma stay, he ain't, we shoulda gone.", "i am going to stay he aint we should have gone"),
            (
                "She'd been there; he's gone, it's done, they'd done it.",
                "she had been there he has gone it is done they had done it"
            ),
            (
                "Don't say I've lost, we're what we'd be, I'm he'll.",
                "do not say i have lost we are what we would be i am he will"
            ),
            (
                "Mr. and Mrs. Ash met Dr. Elm, Esq., at St. Paul's.",
                "mister and missus ash met doctor elm esquire at saint paul is"
            ),
            (
                "Col. Reed Jr. saw Prof. Lind, Asst. Gov. of Ohio.",
                "colonel reed junior saw professor lind assistant governor of ohio"
            ),
            ("1,234,567 sheep and 1,2,3 goats", "1234567 sheep and 12 3 goats"),
            ("At 3.5 or 4. or .5 or ...7", "at 3.5 or 4 or .5 or .7"),
            ("Ångström naïve Œuvre straße Þór Łódź ﬁnd x²", "angstrom naive oeuvre strasse thor lodz find x 2"),
            ("snow-white, well—known; \"quoted\" under_score", "snow white well known quoted under score"),
        ])
    func textMatchesReference(text: String, expected: String) {
        #expect(scalars(normalizer.normalize(text)) == scalars(expected))
    }

    @Test(
        "spoken numbers become the reference's digits",
        arguments: [
            ("twenty one", "21"),
            ("seven hundred and forty two", "742"),
            ("nineteen eighty four", "1984"),
            ("twenty twenty five", "2025"),
            ("one oh one", "101"),
            ("double oh seven, triple nine", "007999"),
            ("three point one four one five nine", "3.14159"),
            ("two and a half million pounds", "£2500000"),
            ("and a half", ""),
            ("six and a half", "6.5"),
            ("a loaf and a half", "a loaf and a half"),
            ("five dollars and five cents", "$5.05"),
            ("ninety nine cents", "¢99"),
            ("€7 and 50 cents", "€7.50"),
            ("$0.45 or $0.05", "¢45 or ¢5"),
            ("$3 billion and £2.5 thousand", "$3000000000 and £2500"),
            ("fifty percent, twelve per cent, per se", "50% 12% per se"),
            ("minus forty degrees plus two", "-40 degrees +2"),
            ("the positive side", "the positive side"),
            ("the twenty first of june", "the 21st of june"),
            ("thirty second, nineteenth, ninth, ninetieth", "32nd 19th ninth 90th"),
            ("the nineteen sixties", "the 1960s"),
            ("tens of thousands, two hundreds", "10s of 1000s 200s"),
            ("five thousandth", "5000th"),
            ("one hundred thousand and one", "100001"),
            ("ten thousand million", "10000"),
            ("twelve hundred", "1200"),
            ("oh no, o five", "0 no 05"),
            ("a thousand thousand", "a 1000"),
            ("nine decillion nine", "9000000000000000000000000000000009"),
            ("one million one", "1000001"),
            ("o twenty three", "023"),
            ("one eleven", "111"),
            ("forty forty", "4040"),
            ("the 10 th and the 1960 s", "the 10th and the 1960s"),
            ("b52s and 10km, 3rd 4 th", "b 52s and 10 km 3rd 4th"),
            ("a 50% cut, % of, $ and 5 $", "a 50% cut of and 5 $"),
            ("one two and three", "12 and 3"),
            ("ones and one's", "ones and one is"),
            ("1 1s 11", "one ones 11"),
            ("point taken, point hundred, point five", "point taken 100.5"),
            ("3 point 14 point 2", "3.14.2"),
            ("2.50 million, 2.123 hundred", "2500000 2.123 100"),
            ("hundred and third street", "103rd street"),
            ("two point five millionths", "2.5 millionths"),
            ("0 hundred 00 thousands", "0 0s"),
            ("٣ ٣.٥ million", "3 3 5000000"),
            ("double trouble, double ten", "double trouble 1010"),
            ("cents and sense", "cents and sense"),
            ("½ a mile, ² left", "one 2 a mile 2 left"),
        ])
    func numbersMatchReference(text: String, expected: String) {
        #expect(scalars(normalizer.normalize(text)) == scalars(expected))
    }

    @Test("without a table British spellings stay")
    func spellingsAbsent() {
        #expect(EnglishTextNormalizer().normalize("Colour!") == "colour")
    }
}
