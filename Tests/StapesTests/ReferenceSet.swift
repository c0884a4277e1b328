import FoundationEssentials
import Stapes
import StapesTesting

/// What openai/whisper itself made of some recordings with some options: a file of `Goldens/reference`.
struct ReferenceSet {
    let model: String
    let records: [Record]

    struct Record: Decodable {
        let audio: String
        let language: String?
        let options: Options
        let windows: [Window]
    }

    struct Window: Decodable {
        let seek: Int
        let averageLogProbability: Double
        let compressionRatio: Double
        let noSpeechProbability: Double
        /// Missing where the first result is good enough.
        let needsFallback: Bool?
        let segments: [Segment]

        private enum CodingKeys: String, CodingKey {
            case seek, segments
            case averageLogProbability = "avg_logprob"
            case compressionRatio = "compression_ratio"
            case noSpeechProbability = "no_speech_prob"
            case needsFallback = "needs_fallback"
        }
    }

    struct Segment: Decodable {
        let start: Double
        let end: Double
        let tokens: [Int]
        let words: [Word]?
    }

    struct Word: Decodable {
        let word: String
        let start: Double
        let end: Double
        let probability: Double

        init(from decoder: any Decoder) throws {
            var fields = try decoder.unkeyedContainer()
            word = try fields.decode(String.self)
            start = try fields.decode(Double.self)
            end = try fields.decode(Double.self)
            probability = try fields.decode(Double.self)
        }
    }

    /// The reference's options by its names; what is missing is its default, and null is none.
    struct Options: Decodable {
        private let fields: KeyedDecodingContainer<Name>

        private struct Name: CodingKey {
            let stringValue: String
            var intValue: Int? { nil }
            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        init(from decoder: any Decoder) throws { fields = try decoder.container(keyedBy: Name.self) }

        /// Nil where it is not given.
        private func value<T: Decodable>(_ name: String, _ type: T.Type = T.self) throws -> T? {
            try fields.decodeIfPresent(type, forKey: Name(stringValue: name))
        }

        /// Nil where it is not given, `.some(nil)` where it is null.
        private func nullable(_ name: String) throws -> Double?? {
            let key = Name(stringValue: name)
            guard fields.contains(key) else { return nil }
            return .some(try fields.decodeIfPresent(Double.self, forKey: key))
        }

        func apply(to options: inout TranscriptionOptions) throws {
            options.temperatures = [0]
            options.conditionOnPreviousText = try value("condition_on_previous_text") ?? false
            options.beamSize = try value("beam_size")
            options.patience = try value("patience")
            options.lengthPenalty = try value("length_penalty")
            options.initialPrompt = try value("initial_prompt")
            options.carryInitialPrompt = try value("carry_initial_prompt") ?? false
            options.prefix = try value("prefix")
            options.clipTimestamps = try value("clip_timestamps") ?? []
            options.sampleLength = try value("sample_len")
            options.suppressBlank = try value("suppress_blank") ?? true
            if let list = try value("suppress_tokens", String.self), list != "-1" {
                options.suppressTokens = list.split(separator: ",").compactMap { Int($0) }
            }
            options.timestamps = try !(value("without_timestamps") ?? false)
            options.task = try value("task", String.self) == "translate" ? .translate : .transcribe
            options.wordTimestamps = try value("word_timestamps") ?? false
            options.prependedPunctuation = try value("prepend_punctuations")
            options.appendedPunctuation = try value("append_punctuations")
            options.hallucinationSilenceThreshold = try value("hallucination_silence_threshold")
            if let limit = try nullable("max_initial_timestamp") { options.maximumInitialTimestamp = limit }
            if let threshold = try nullable("no_speech_threshold") { options.noSpeechThreshold = threshold }
            if let threshold = try nullable("logprob_threshold") { options.logProbabilityThreshold = threshold }
        }

        /// The language is to be detected.
        var detectsLanguage: Bool {
            get throws {
                let key = Name(stringValue: "language")
                return try fields.contains(key) && fields.decodeNil(forKey: key)
            }
        }
    }

    private struct Header: Decodable { let model: String }

    /// - Parameter name: of the file, as `tiny.en.beam`.
    init(_ name: String) throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Goldens/reference")
        let data = try Data(contentsOf: folder.appending(path: "\(name).jsonl"))
        let lines = data.split(separator: UInt8(ascii: "\n")).map { Data($0) }
        model = try JSONDecoder().decode(Header.self, from: lines[0]).model
        records = try lines.dropFirst().map { try JSONDecoder().decode(Record.self, from: $0) }
    }

    func options(of record: Record) throws -> TranscriptionOptions {
        var options = TranscriptionOptions()
        try record.options.apply(to: &options)
        options.language = try record.options.detectsLanguage ? nil : record.language
        return options
    }
}
