import Stapes
import StapesAPI
import StapesAudio
import StapesTesting
import Testing

@Suite("Speech requests")
struct SpeechRequestTests {
    private static let served = ServedModels([
        ServedModel(id: "base", isDefault: true),
        ServedModel(id: "tiny.en", isMultilingual: false),
        ServedModel(id: "large", languages: ["en", "yue"]),
    ])

    private static func request(
        _ fields: [(String, String)], _ endpoint: SpeechEndpoint = .transcription
    ) throws -> SpeechRequest {
        var form = FormFields()
        for (name, value) in fields { try form.append(name: name, value: value) }
        return try SpeechRequest(fields: form, endpoint: endpoint, served: served)
    }

    private static func options(_ fields: (String, String)...) throws -> TranscriptionOptions {
        try request(fields).options
    }

    /// Expects 400 for the field.
    private static func refuses(
        _ fields: [(String, String)], _ parameter: String?, _ endpoint: SpeechEndpoint = .transcription,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let error = #expect(throws: APIError.self, sourceLocation: sourceLocation) { try request(fields, endpoint) }
        #expect(error?.code == .invalidValue, sourceLocation: sourceLocation)
        #expect(error?.parameter == parameter, sourceLocation: sourceLocation)
    }

    @Test("Without fields a request has the library's options and OpenAI's form")
    func defaults() throws {
        let request = try Self.request([])
        #expect(request.model == "base")
        #expect(request.options == TranscriptionOptions())
        #expect(request.options.beamSize == nil)
        #expect(request.options.allowedLanguages == nil)
        #expect(request.format == .json)
        #expect(!request.wantsWords && request.wantsSegments)
        #expect(!request.streams && !request.streamsSegments && !request.includesLogProbabilities)
        #expect(request.priority == 0)
        #expect(request.deadlineSeconds == nil)
    }

    @Test("Blank fields are as good as missing ones, whichever field it is")
    func blankFields() throws {
        let blank = FormField.all.map { ($0.wireName, " ") } + FormField.all.map { ($0.name, "") }
        #expect(try Self.request(blank) == Self.request([]))
    }

    @Test("What the table says stands for a missing field is what a request has without it")
    func initialValues() throws {
        let given = FormField.all.compactMap { field in field.initial.map { (field.wireName, $0) } }
        #expect(given.count > 15)
        var expected = try Self.request([])
        expected.options.sampleLength = 224
        expected.options.bestOf = 1
        #expect(try Self.request(given) == expected)
    }

    @Test("Fields that are not known are ignored")
    func unknownFields() throws {
        #expect(try Self.request([("new_field", "1"), ("vad_parameters[x]", "1")]) == Self.request([]))
    }

    @Test("Of a field that is given twice, the last value is taken")
    func repeatedField() throws {
        #expect(try Self.options(("language", "de"), ("language", "fr")).language == "fr")
    }

    @Test("A model is resolved to its id, and an unknown one is not found")
    func models() throws {
        #expect(try Self.request([("model", "whisper-1")]).model == "base")
        #expect(try Self.request([("model", "openai/whisper-tiny.en")]).model == "tiny.en")
        let error = #expect(throws: APIError.self) { try Self.request([("model", "huge")]) }
        #expect(error?.code == .modelNotFound)
    }

    @Test("Translation sets the task, and a model of English alone cannot do it")
    func translation() throws {
        #expect(try Self.request([], .translation).options.task == .translate)
        #expect(try Self.request([("language", "de")], .translation).options.language == "de")
        Self.refuses([("model", "tiny.en")], "model", .translation)
    }

    @Test(
        "A language is taken as code or name in any letter case, and auto detects it",
        arguments: [
            ("de", "de"), ("German", "de"), ("YUE", "yue"), ("mandarin", "zh"), ("haw", "haw"), ("jw", "jw"),
            ("auto", nil), (" fr ", "fr"),
        ])
    func languages(text: String, code: String?) throws {
        #expect(try Self.options(("language", text)).language == code)
    }

    @Test("A language that nobody, or this model, does not know is refused")
    func unknownLanguages() {
        Self.refuses([("language", "klingon")], "language")
        Self.refuses([("language", "de"), ("model", "tiny.en")], "language")
        Self.refuses([("language", "de"), ("model", "large")], "language")
        #expect(throws: Never.self) { try Self.request([("language", "en"), ("model", "tiny.en")]) }
        #expect(throws: Never.self) { try Self.request([("language", "yue"), ("model", "large")]) }
        Self.refuses([("languages[]", "xx")], "languages")
    }

    @Test("One listed language is the language, more are those to detect from, and language comes first")
    func languageLists() throws {
        let one = try Self.request([("languages[]", "German")])
        #expect(one.options.language == "de" && one.options.allowedLanguages == nil)
        let two = try Self.request([("languages[]", "de"), ("languages[]", "en"), ("languages[]", "german")])
        #expect(two.options.language == nil && two.options.allowedLanguages == ["de", "en"])
        let both = try Self.request([("languages", "de,en"), ("language", "fr")])
        #expect(both.options.language == "fr" && both.options.allowedLanguages == nil)
    }

    @Test("Every form that is made is taken, and others are refused")
    func formats() throws {
        for format in ResponseFormat.allCases {
            #expect(try Self.request([("response_format", format.rawValue)]).format == format)
        }
        Self.refuses([("response_format", "diarized_json")], "response_format")
        Self.refuses([("response_format", "xml")], "response_format")
    }

    @Test("No temperature and 0 are the ladder, another is used alone, and beyond 1 it is refused")
    func temperatures() throws {
        for zero in ["0", "0.0", ""] {
            #expect(try Self.options(("temperature", zero)).temperatures == [0, 0.2, 0.4, 0.6, 0.8, 1])
        }
        #expect(try Self.options(("temperature", "0.2")).temperatures == [0.2])
        #expect(try Self.options(("temperature", "1")).temperatures == [1])
        for wrong in ["1.01", "-0.1", "nan", "inf", "warm"] { Self.refuses([("temperature", wrong)], "temperature") }
    }

    @Test("An own ladder replaces the temperature, but not beside another one")
    func ownLadder() throws {
        #expect(try Self.options(("temperatures", "0, 0.5,1"), ("temperature", "0")).temperatures == [0, 0.5, 1])
        Self.refuses([("temperatures", "0,1"), ("temperature", "0.5")], "temperatures")
        Self.refuses([("temperatures", "0,1.5")], "temperatures")
        Self.refuses([("temperatures", "0,x")], "temperatures")
        Self.refuses([("temperatures", Array(repeating: "0", count: 17).joined(separator: ","))], "temperatures")
    }

    @Test(
        "Lists are read from brackets, without them, from commas and from JSON",
        arguments: [
            [("timestamp_granularities[]", "word"), ("timestamp_granularities[]", "segment")],
            [("timestamp_granularities", "word"), ("timestamp_granularities", "segment")],
            [("timestamp_granularities", "word, segment")],
            [("timestamp_granularities[]", "word,segment")],
            [("timestamp_granularities", "[\"word\", \"segment\"]")],
            [("timestamp_granularities[0]", "word"), ("timestamp_granularities[1]", "segment")],
        ])
    func lists(fields: [(String, String)]) throws {
        let request = try Self.request(fields + [("response_format", "verbose_json")])
        #expect(request.wantsWords && request.wantsSegments && request.options.wordTimestamps)
    }

    @Test("Segments are listed unless words alone are asked for")
    func granularities() throws {
        let verbose = ("response_format", "verbose_json")
        let words = try Self.request([verbose, ("timestamp_granularities[]", "word")])
        #expect(words.wantsWords && !words.wantsSegments)
        let segments = try Self.request([verbose, ("timestamp_granularities[]", "segment")])
        #expect(!segments.wantsWords && segments.wantsSegments && !segments.options.wordTimestamps)
        let extended = try Self.request([verbose, ("word_timestamps", "true")])
        #expect(extended.wantsWords && extended.wantsSegments)
    }

    @Test("Words need verbose_json; segments are no matter in other forms")
    func wordsNeedVerbose() throws {
        for format in ResponseFormat.allCases where format != .verboseJSON {
            Self.refuses(
                [("timestamp_granularities[]", "word"), ("response_format", format.rawValue)], "timestamp_granularities"
            )
            #expect(throws: Never.self) {
                try Self.request([("timestamp_granularities[]", "segment"), ("response_format", format.rawValue)])
            }
        }
        Self.refuses(
            [("timestamp_granularities[]", "letter"), ("response_format", "verbose_json")], "timestamp_granularities")
        #expect(try Self.request([("word_timestamps", "1"), ("response_format", "srt")]).options.wordTimestamps)
    }

    @Test("json and text are streamed; the other forms refuse it")
    func streams() throws {
        for format in ResponseFormat.allCases {
            let fields = [("stream", "true"), ("response_format", format.rawValue), ("stream_segments", "true")]
            if format == .json || format == .text {
                let request = try Self.request(fields)
                #expect(request.streams && request.streamsSegments)
            } else {
                Self.refuses(fields, "response_format")
            }
        }
        #expect(try !Self.request([("stream", "False")]).streams)
        Self.refuses([("stream", "yes")], "stream")
    }

    @Test("Log-probabilities are added to json alone")
    func logProbabilities() throws {
        #expect(try Self.request([("include[]", "logprobs")]).includesLogProbabilities)
        Self.refuses([("include[]", "logprobs"), ("response_format", "text")], "include")
        Self.refuses([("include[]", "everything")], "include")
    }

    @Test(
        "Cutting at pauses is asked for by a word, by JSON, or by flattened fields",
        arguments: [
            [("chunking_strategy", "auto")],
            [("chunking_strategy", "\"auto\"")],
            [("chunking_strategy", "{\"type\": \"server_vad\"}")],
            [("chunking_strategy[type]", "server_vad")],
            [("batched", "true")],
        ])
    func cutting(fields: [(String, String)]) throws {
        let options = try Self.request(fields).options
        #expect(options.batched)
        #expect(options.voiceActivity == .batched())
    }

    @Test(
        "What counts as a pause is taken from JSON or flattened fields, and no piece outgrows a window",
        arguments: [
            [
                (
                    "chunking_strategy",
                    "{\"type\":\"server_vad\",\"threshold\":0.25,\"prefix_padding_ms\":300,\"silence_duration_ms\":200}"
                )
            ],
            [
                ("chunking_strategy[type]", "server_vad"), ("chunking_strategy[threshold]", "0.25"),
                ("chunking_strategy[prefix_padding_ms]", "300"), ("chunking_strategy[silence_duration_ms]", "200"),
            ],
        ])
    func pauses(fields: [(String, String)]) throws {
        let speech = try #require(try Self.request(fields).options.voiceActivity)
        #expect(speech.threshold == 0.25)
        #expect(speech.paddingMilliseconds == 300)
        #expect(speech.minimumSilenceMilliseconds == 200)
        #expect(speech.maximumSpeechSeconds == 30)
    }

    @Test("A strategy that is none is refused")
    func wrongStrategies() {
        for text in ["none", "{}", "[]", "5", "{\"type\":\"server_vad\"", "{\"type\":\"semantic\"}"] {
            Self.refuses([("chunking_strategy", text)], "chunking_strategy")
        }
        let wrong = [
            ("threshold", "2"), ("threshold", "x"), ("prefix_padding_ms", "-1"), ("silence_duration_ms", "1.5"),
            ("silence_duration_ms", "60001"), ("prefix_padding_ms", "5001"),
        ]
        for (key, value) in wrong {
            Self.refuses(
                [("chunking_strategy[type]", "server_vad"), ("chunking_strategy[\(key)]", value)], "chunking_strategy")
        }
        Self.refuses([("chunking_strategy[threshold]", "0.5")], "chunking_strategy")
    }

    @Test("Hotwords and keywords are one list")
    func hotwords() throws {
        let options = try Self.options(
            ("hotwords", "Stapes incus"), ("keywords[]", "malleus, the"), ("keywords[]", "cochlea"))
        #expect(options.hotwords == "Stapes incus, malleus, the, cochlea")
        #expect(try Self.options(("keywords", "a, b")).hotwords == "a, b")
    }

    @Test("A prompt keeps its spaces and comes before its other name")
    func prompts() throws {
        #expect(try Self.options(("initial_prompt", "one")).initialPrompt == "one")
        #expect(try Self.options(("initial_prompt", "one"), ("prompt", " two ")).initialPrompt == " two ")
    }

    @Test("Speakers are not told apart")
    func speakers() {
        Self.refuses([("known_speaker_names[]", "Ann")], "known_speaker_names")
        Self.refuses([("known_speaker_references[]", "data:")], "known_speaker_references")
    }

    @Test("Every extension reaches its option")
    func extensions() throws {
        let options = try Self.options(
            ("beam_size", "5"), ("best_of", "3"), ("patience", "2"), ("length_penalty", "0.5"),
            ("condition_on_previous_text", "false"), ("prefix", "So"), ("suppress_tokens", "1, 2,-1"),
            ("without_timestamps", "true"), ("max_initial_timestamp", "None"), ("word_timestamps", "true"),
            ("hallucination_silence_threshold", "2"), ("no_speech_threshold", "0.5"), ("log_prob_threshold", "none"),
            ("compression_ratio_threshold", "2"), ("repetition_penalty", "1.1"), ("no_repeat_ngram_size", "3"),
            ("seed", "9"), ("clip_timestamps", "0,5.5"), ("max_new_tokens", "100"), ("max_completion_tokens", "50"))
        var expected = TranscriptionOptions(conditionOnPreviousText: false)
        expected.beamSize = 5
        expected.bestOf = 3
        expected.patience = 2
        expected.lengthPenalty = 0.5
        expected.prefix = "So"
        expected.suppressTokens = [1, 2, -1]
        expected.timestamps = false
        expected.maximumInitialTimestamp = nil
        expected.wordTimestamps = true
        expected.hallucinationSilenceThreshold = 2
        expected.noSpeechThreshold = 0.5
        expected.logProbabilityThreshold = nil
        expected.compressionRatioThreshold = 2
        expected.repetitionPenalty = 1.1
        expected.noRepeatNgramSize = 3
        expected.seed = 9
        expected.clipTimestamps = [0, 5.5]
        expected.sampleLength = 100
        #expect(options == expected)
        #expect(try Self.options(("max_completion_tokens", "50")).sampleLength == 50)
        #expect(try Self.options(("vad_filter", "true")).voiceActivity == VoiceActivityOptions())
        #expect(try !Self.options(("vad_filter", "true")).batched)
        let request = try Self.request([("priority", "-100"), ("timeout", "2.5")])
        #expect(request.priority == -100)
        #expect(request.deadlineSeconds == 2.5)
    }

    @Test("Nonsense is refused for every field that is no free text, and the field is named")
    func nonsense() {
        for field in FormField.all {
            switch field.kind {
            case .file, .text, .refused: continue
            case .texts where field.name == "keywords": continue
            default: Self.refuses([(field.wireName, "nonsense")], field.name)
            }
        }
    }

    @Test("A number beyond its range is refused")
    func ranges() {
        for field in FormField.all {
            switch field.kind {
            case .integer(let range):
                Self.refuses([(field.name, "\(range.lowerBound - 1)")], field.name)
                Self.refuses([(field.name, "\(Double(range.upperBound) + 1)")], field.name)
            case .number(let range):
                Self.refuses([(field.name, "\(range.lowerBound - 1)")], field.name)
                Self.refuses([(field.name, "\(range.upperBound + 1)")], field.name)
            default: continue
            }
        }
    }

    @Test("What options exclude each other is refused before the engine sees them")
    func contradictions() {
        Self.refuses([("patience", "2")], nil)
        Self.refuses([("hallucination_silence_threshold", "2")], nil)
        Self.refuses([("clip_timestamps", "0,5"), ("vad_filter", "true")], nil)
        Self.refuses([("clip_timestamps", "5,0")], nil)
    }

    @Test("A message shows a long value in part, and on one line")
    func longValues() {
        let error = #expect(throws: APIError.self) {
            try Self.request([("seed", "a\nb" + String(repeating: "x", count: 1000))])
        }
        #expect(error?.message.hasPrefix("seed: 'a bxxx") == true)
        #expect((error?.message.count ?? 1000) < 150)
        Self.refuses(
            [("suppress_tokens", Array(repeating: "1", count: 1025).joined(separator: ","))], "suppress_tokens")
    }

    @Test("JSON that nests without end is refused like any nonsense")
    func deepNesting() {
        let deep = String(repeating: "[", count: 500_000)
        Self.refuses([("chunking_strategy", deep)], "chunking_strategy")
        Self.refuses([("temperatures", deep)], "temperatures")
        Self.refuses(
            [("chunking_strategy", "{\"type\": \(String(repeating: "{\"a\":", count: 100_000))")], "chunking_strategy")
    }

    @Test("Whatever the fields are, there is a request whose options can be used, or an error for the client")
    func randomFields() throws {
        var random = SeededGenerator(seed: 11)
        let values = [
            "", " ", "0", "1", "-1", "0.5", "5", "1e300", "nan", "true", "false", "None", "auto", "de", "word",
            "segment",
            "json", "verbose_json", "text", "srt", "logprobs", "0,1", "[0, 1]", "[\"word\"]", "{}", "ä\0",
            "{\"type\": \"server_vad\"}", "server_vad", "9223372036854775808",
        ]
        let names = FormField.all.filter { $0.kind != .refused }.flatMap { [$0.name, $0.wireName, $0.name + "[type]"] }
        var requests = 0
        for _ in 0..<20_000 {
            let fields = (0..<Int.random(in: 0...6, using: &random)).map { _ in
                (names.randomElement(using: &random)!, values.randomElement(using: &random)!)
            }
            do {
                let request = try Self.request(fields, Bool.random(using: &random) ? .transcription : .translation)
                try request.options.check()
                #expect(request.format.streams || !request.streams)
                requests += 1
            } catch let error as APIError {
                #expect([400, 404].contains(error.status))
            }
        }
        #expect((4000..<19_000).contains(requests))
    }

    @Test("Of a prompt the last 8 KiB count, cut between letters; other text that leads is refused beyond")
    func longTexts() throws {
        let limit = 8 << 10
        let whole = String(repeating: "x", count: limit)
        #expect(try Self.options(("prompt", whole)).initialPrompt == whole)
        #expect(try Self.options(("prompt", "y" + whole)).initialPrompt == whole)
        // Letters of two bytes, of which the last half fits.
        let letters = String(repeating: "ä", count: limit) + "x"
        #expect(
            try Self.options(("initial_prompt", letters)).initialPrompt
                == String(repeating: "ä", count: limit / 2 - 1) + "x")
        #expect(try Self.options(("prefix", whole)).prefix == whole)
        #expect(try Self.options(("hotwords", whole)).hotwords == whole)
        Self.refuses([("prefix", whole + "x")], "prefix")
        Self.refuses([("hotwords", whole + "x")], "hotwords")
        Self.refuses([("hotwords", whole), ("keywords[]", "x")], "hotwords")
    }
}
