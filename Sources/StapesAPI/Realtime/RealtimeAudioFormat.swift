/// How a realtime client sends its audio: mono, in one of three encodings.
package enum RealtimeAudioFormat: Sendable, Hashable {
    /// 16 bits, signed, the low byte first.
    case pcm(rate: Int)
    /// G.711 µ-law, 8 bits at 8 kHz.
    case muLaw
    /// G.711 A-law, 8 bits at 8 kHz.
    case aLaw

    /// Samples a second that PCM may have.
    package static let rates = [8000, 16_000, 24_000, 48_000]

    /// Samples a second.
    package var rate: Int {
        switch self {
        case .pcm(let rate): rate
        case .muLaw, .aLaw: 8000
        }
    }

    package var bytesPerSample: Int {
        switch self {
        case .pcm: 2
        case .muLaw, .aLaw: 1
        }
    }

    /// The name in `session.audio.input.format.type`.
    package var type: String {
        switch self {
        case .pcm: "audio/pcm"
        case .muLaw: "audio/pcmu"
        case .aLaw: "audio/pcma"
        }
    }

    /// The name in the beta's `session.input_audio_format`, where PCM has 24 kHz.
    package var betaName: String {
        switch self {
        case .pcm: "pcm16"
        case .muLaw: "g711_ulaw"
        case .aLaw: "g711_alaw"
        }
    }
}
