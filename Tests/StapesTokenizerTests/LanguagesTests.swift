import StapesTokenizer
import Testing

struct LanguagesTests {
    @Test("there are a hundred languages, English first and Cantonese last")
    func order() {
        #expect(Languages.all.count == 100)
        #expect(Set(Languages.all.map(\.code)).count == 100)
        #expect(Languages.all.prefix(5).map(\.code) == ["en", "zh", "de", "es", "ru"])
        #expect(Languages.all[98] == Languages.all.first { $0.name == "sundanese" })
        #expect(Languages.all[99].code == "yue")
        #expect(Languages.all.allSatisfy { (2...3).contains($0.code.count) && $0.name == $0.name.lowercased() })
    }

    @Test(
        "codes, names and aliases lead to the code in any letter case",
        arguments: [
            ("de", "de"), ("DE", "de"), ("German", "de"), ("mandarin", "zh"), ("Castilian", "es"), ("flemish", "nl"),
            ("burmese", "my"), ("haitian", "ht"), ("haitian creole", "ht"), ("valencian", "ca"), ("yue", "yue"),
            ("letzeburgesch", "lb"), ("pushto", "ps"), ("panjabi", "pa"), ("moldavian", "ro"), ("moldovan", "ro"),
            ("sinhalese", "si"),
        ])
    func codeForName(given: String, code: String) {
        #expect(Languages.code(for: given) == code)
    }

    @Test("an unknown language has no code and no name")
    func unknown() {
        #expect(Languages.code(for: "klingon") == nil)
        #expect(Languages.code(for: "") == nil)
        #expect(Languages.name(for: "xx") == nil)
        #expect(Languages.name(for: "yue") == "cantonese")
    }
}
