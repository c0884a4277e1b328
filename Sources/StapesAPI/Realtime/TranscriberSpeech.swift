import Stapes
import StapesAudio
import StapesTokenizer

/// A transcriber for realtime sessions.
package struct TranscriberSpeech: LiveSpeech {
    package let voiceActivity: (any SpeechProbabilities)?
    private let transcriber: Transcriber
    private let options: LiveOptions
    private let serves: @Sendable (_ model: String) -> Bool

    /// - Parameters:
    ///   - voiceActivity: of the transcriber, nil to do without.
    ///   - options: what a client does not choose; how often a turn is looked at.
    ///   - serves: whether a client may call the transcriber's model by this name.
    package init(
        _ transcriber: Transcriber, voiceActivity: VoiceActivityStream?, options: LiveOptions = .init(),
        serves: @escaping @Sendable (_ model: String) -> Bool
    ) {
        self.transcriber = transcriber
        self.voiceActivity = voiceActivity
        self.options = options
        self.serves = serves
    }

    package func check(_ transcription: RealtimeTranscription) throws(APIError) {
        guard serves(transcription.model) else {
            throw APIError(.modelNotFound, "The model \(transcription.model.quoted) is not served.", parameter: "model")
        }
        if let language = transcription.language, Languages.code(for: language) == nil {
            throw APIError(.invalidValue, "\(language.quoted) is no language that is known.", parameter: "language")
        }
        do throws(StapesError) {
            try transcriber.check(options(transcription))
        } catch {
            throw APIError(.invalidValue, error.message, parameter: "language")
        }
    }

    package func live(_ audio: TurnAudio, _ transcription: RealtimeTranscription) -> LiveSequence {
        // A busy machine shows less of how a turn grows, and is not later with its text.
        transcriber.live(audio, options: options(transcription), catchesUp: true)
    }

    private func options(_ transcription: RealtimeTranscription) -> LiveOptions {
        var options = options
        options.transcription.language = transcription.language
        options.transcription.initialPrompt = transcription.prompt
        return options
    }
}
