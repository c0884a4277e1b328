import StapesDecoding

/// The reference's object with its keys in its order, on one line and without a line end.
func renderJSON(_ transcript: TranscriptView) -> String {
    var writer = JSONWriter()
    writer.output += "{"
    writer.key("text")
    writer.string(transcript.text)
    writer.output += ", "
    writer.key("segments")
    writer.array(transcript.segments) { $0.segment($1) }
    writer.output += ", "
    writer.key("language")
    writer.string(transcript.language)
    writer.output += "}"
    return writer.output
}

/// A segment as one line of JSON Lines: the object that it is in the JSON file, and a line end.
package func renderLine(_ segment: Segment) -> String {
    var writer = JSONWriter()
    writer.segment(segment)
    return writer.output + "\n"
}

extension JSONWriter {
    fileprivate mutating func segment(_ segment: Segment) {
        output += "{"
        key("id")
        output += "\(segment.id), "
        key("seek")
        output += "\(segment.seek), "
        number(segment.start, for: "start")
        number(segment.end, for: "end")
        key("text")
        string(segment.text)
        output += ", "
        key("tokens")
        array(segment.tokens) { $0.output += "\($1)" }
        output += ", "
        number(segment.temperature, for: "temperature")
        number(segment.averageLogProbability, for: "avg_logprob")
        number(segment.compressionRatio, for: "compression_ratio")
        key("no_speech_prob")
        number(segment.noSpeechProbability)
        // The reference marks the segments it cleared with an empty word list, words asked for or not.
        if let words = segment.words ?? (segment.isBlank ? [] : nil) {
            output += ", "
            key("words")
            array(words) { $0.word($1) }
        }
        output += "}"
    }

    private mutating func word(_ word: Word) {
        output += "{"
        key("word")
        string(word.word)
        output += ", "
        number(word.start, for: "start")
        number(word.end, for: "end")
        key("probability")
        number(word.probability)
        output += "}"
    }

    private mutating func number(_ value: Double, for name: String) {
        key(name)
        number(value)
        output += ", "
    }
}
