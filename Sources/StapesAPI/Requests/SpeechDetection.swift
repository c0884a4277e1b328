import StapesAudio
import StapesDecoding

/// How a file is to be cut at pauses: OpenAI's `chunking_strategy`.
enum SpeechDetection {
    /// What is taken before and after speech; a window of 30 seconds has room for it and for speech.
    static let paddingMilliseconds = 0...5000
    static let silenceMilliseconds = 0...60_000

    /// Nil if it is not to be. The object comes as JSON in the field, or flattened into fields with brackets; what it
    /// leaves out is as our own windows have it, and none is longer than they are.
    ///
    /// - Throws: `invalidValue`.
    static func options(_ fields: FormFields) throws(APIError) -> VoiceActivityOptions? {
        let field = FormField.chunkingStrategy
        if let text = fields.text(field)?.strippingWhitespace() {
            switch JSONDocument(parsing: text) {
            case .object(let members): return try options(members.map { ($0.key, $0.value) })
            case .string(let word): return try options([("type", .string(word))])
            case .null: return nil
            default: return try options([("type", .string(text))])
            }
        }
        let members = fields.bracketed(field.name)
        guard !members.isEmpty else { return nil }
        return try options(members.map { ($0.key, .string($0.value)) })
    }

    /// - Parameter members: of the object; numbers may be texts.
    private static func options(
        _ members: [(key: String, value: JSONDocument)]
    ) throws(APIError) -> VoiceActivityOptions {
        let field = FormField.chunkingStrategy
        var options = VoiceActivityOptions.batched()
        var type: String?
        for (key, value) in members where value != .null {
            let word = if case .string(let text) = value { text } else { value.text }
            switch key {
            case "type": type = word
            case "threshold":
                guard let number = Double(word), (0...1).contains(number) else {
                    throw field.error("threshold: \(word.quoted) is no number from 0 to 1")
                }
                options.threshold = number
            case "prefix_padding_ms":
                options.paddingMilliseconds = try milliseconds(word, in: paddingMilliseconds, of: key)
            case "silence_duration_ms":
                options.minimumSilenceMilliseconds = try milliseconds(word, in: silenceMilliseconds, of: key)
            default: continue
            }
        }
        guard type == "auto" || type == "server_vad" else {
            throw field.error("give auto, or an object of type server_vad" + (type.map { ", not \($0.quoted)" } ?? ""))
        }
        return options
    }

    private static func milliseconds(
        _ word: String, in range: ClosedRange<Int>, of key: String
    ) throws(APIError) -> Int {
        guard let number = Double(word), let count = Int(exactly: number), range.contains(count) else {
            throw FormField.chunkingStrategy.error(
                "\(key): \(word.quoted) is no whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return count
    }
}
