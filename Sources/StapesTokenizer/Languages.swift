/// The languages Whisper knows, with the names OpenAI's interface uses for them.
public enum Languages {
    /// A language code as in Whisper's tokens (`en`, `yue`) and its lower-case English name.
    public struct Entry: Sendable, Hashable {
        public let code: String
        public let name: String
    }

    /// All 100 languages in the order of their tokens. Models before large-v3 know the first 99.
    public static let all: [Entry] = listing.split(separator: ",").map { item in
        let halves = item.split(separator: ":")
        return Entry(code: String(halves[0].filter { $0 != "\n" }), name: String(halves[1]))
    }

    /// The code for a code, an English name, or another name in use (`mandarin`), in any letter case.
    public static func code(for nameOrCode: String) -> String? {
        let key = nameOrCode.lowercased()
        return namesByCode[key] == nil ? codesByName[key] : key
    }

    /// The lower-case English name for a code: `de` gives `german`.
    public static func name(for code: String) -> String? {
        namesByCode[code.lowercased()]
    }

    private static let namesByCode = Dictionary(uniqueKeysWithValues: all.map { ($0.code, $0.name) })

    private static let codesByName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0.code) })
        .merging(aliases) { name, _ in name }

    private static let aliases = [
        "burmese": "my", "castilian": "es", "flemish": "nl", "haitian": "ht", "letzeburgesch": "lb",
        "mandarin": "zh", "moldavian": "ro", "moldovan": "ro", "panjabi": "pa", "pushto": "ps",
        "sinhalese": "si", "valencian": "ca",
    ]

    private static let listing = """
        en:english,zh:chinese,de:german,es:spanish,ru:russian,ko:korean,fr:french,ja:japanese,pt:portuguese,
        tr:turkish,pl:polish,ca:catalan,nl:dutch,ar:arabic,sv:swedish,it:italian,id:indonesian,hi:hindi,
        fi:finnish,vi:vietnamese,he:hebrew,uk:ukrainian,el:greek,ms:malay,cs:czech,ro:romanian,da:danish,
        hu:hungarian,ta:tamil,no:norwegian,th:thai,ur:urdu,hr:croatian,bg:bulgarian,lt:lithuanian,la:latin,
        mi:maori,ml:malayalam,cy:welsh,sk:slovak,te:telugu,fa:persian,lv:latvian,bn:bengali,sr:serbian,
        az:azerbaijani,sl:slovenian,kn:kannada,et:estonian,mk:macedonian,br:breton,eu:basque,is:icelandic,
        hy:armenian,ne:nepali,mn:mongolian,bs:bosnian,kk:kazakh,sq:albanian,sw:swahili,gl:galician,mr:marathi,
        pa:punjabi,si:sinhala,km:khmer,sn:shona,yo:yoruba,so:somali,af:afrikaans,oc:occitan,ka:georgian,
        be:belarusian,tg:tajik,sd:sindhi,gu:gujarati,am:amharic,yi:yiddish,lo:lao,uz:uzbek,fo:faroese,
        ht:haitian creole,ps:pashto,tk:turkmen,nn:nynorsk,mt:maltese,sa:sanskrit,lb:luxembourgish,my:myanmar,
        bo:tibetan,tl:tagalog,mg:malagasy,as:assamese,tt:tatar,haw:hawaiian,ln:lingala,ha:hausa,ba:bashkir,
        jw:javanese,su:sundanese,yue:cantonese
        """
}
