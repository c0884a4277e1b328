import FoundationEssentials
import StapesModel
import StapesTokenizer

/// The files beside `model.bin` in a CTranslate2 folder. Those that the source has are copied.
struct CTranslate2Folder {
    private static let copiedNames = [
        "tokenizer.json", "vocabulary.json", "vocabulary.txt", "preprocessor_config.json", "normalizer.json",
    ]

    let source: Checkpoint
    /// The source's folder, or file.
    let sourcePath: String
    let tokenizer: Tokenizer

    /// - Throws: what `put` throws, and what reading the source's files does.
    func write(_ put: (_ name: String, _ bytes: Data) throws -> Void) throws {
        var names: Set<String> = []
        let copied = Self.copiedNames + (source.format == .cTranslate2 ? ["config.json"] : [])
        for name in copied where FileManager.default.fileExists(atPath: "\(sourcePath)/\(name)") {
            names.insert(name)
            try put(name, Data(contentsOf: URL(filePath: "\(sourcePath)/\(name)")))
        }
        if !names.contains("config.json") { try put("config.json", configuration()) }
        if !names.contains("tokenizer.json") { try put("tokenizer.json", Data(tokenizer.tokenizerJSON().utf8)) }
        if !names.contains("vocabulary.json"), !names.contains("vocabulary.txt") {
            try put("vocabulary.json", Data(tokenizer.vocabularyJSON().utf8))
        }
        if !names.contains("preprocessor_config.json"), source.format != .cTranslate2 {
            try put("preprocessor_config.json", Self.encode(Preprocessor(melBins: source.configuration.melBins)))
        }
    }

    /// What CTranslate2's converter takes from Hugging Face's settings, which are the same for all of OpenAI's models.
    private func configuration() throws -> Data {
        let special = tokenizer.special
        let suppressed =
            tokenizer.nonSpeechTokens + [
                special.startOfTranscript, special.translate, special.transcribe, special.startOfLM,
                special.startOfPrevious, special.noSpeech,
            ]
        return try Self.encode(
            Settings(
                alignmentHeads: source.configuration.alignmentHeads.map { [$0.layer, $0.head] },
                languages: Array(special.startOfTranscript + 1..<special.translate),
                suppressed: source.configuration.suppressTokens ?? suppressed.sorted(),
                suppressedAtBegin: tokenizer.encode(" ") + [special.endOfText]))
    }

    private static func encode(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        return try encoder.encode(value) + Data("\n".utf8)
    }

    private struct Settings: Encodable {
        let alignmentHeads: [[Int]]
        let languages, suppressed, suppressedAtBegin: [Int]

        enum CodingKeys: String, CodingKey {
            case alignmentHeads = "alignment_heads"
            case languages = "lang_ids"
            case suppressed = "suppress_ids"
            case suppressedAtBegin = "suppress_ids_begin"
        }
    }

    /// What faster-whisper computes its spectrograms by.
    private struct Preprocessor: Encodable {
        let melBins: Int
        let samplingRate = 16000
        let hopLength = 160
        let chunkSeconds = 30
        let transformLength = 400

        enum CodingKeys: String, CodingKey {
            case melBins = "feature_size"
            case samplingRate = "sampling_rate"
            case hopLength = "hop_length"
            case chunkSeconds = "chunk_length"
            case transformLength = "n_fft"
        }
    }
}
