import Stapes
import StapesDecoding
import StapesFormats

/// A transcript in the form that was asked for.
package struct TranscriptBody: Sendable, Hashable {
    package let contentType: String
    package let text: String

    /// - Parameter logProbabilities: of the text's tokens; without effect unless the request includes them.
    package init(
        _ transcription: Transcription, for request: SpeechRequest, logProbabilities: [TokenLogProbability]? = nil
    ) {
        contentType = request.format.contentType
        let trimmed = transcription.text.strippingWhitespace()
        let usage = JSONDocument.Member("usage", Usage(seconds: transcription.durationSeconds).document)
        switch request.format {
        case .json:
            var members: [JSONDocument.Member] = []
            if request.includesLogProbabilities, let logProbabilities {
                members.append(.init("logprobs", .array(logProbabilities.map(\.document))))
            }
            text = (["text": .string(trimmed)] + (members + [usage])).text
        case .verboseJSON:
            text = (VerboseTranscript(transcription: transcription, request: request).document + [usage]).text
        case .text: text = trimmed
        case .srt: text = Self.subtitles(transcription, .srt)
        case .vtt: text = Self.subtitles(transcription, .vtt)
        }
    }

    private static func subtitles(_ transcription: Transcription, _ format: OutputFormat) -> String {
        let view = TranscriptView(
            text: transcription.text, segments: transcription.segments.filter { !$0.isBlank },
            language: transcription.language)
        return render(view, as: format, layout: LayoutOptions(alwaysShowsHours: true))
    }
}
