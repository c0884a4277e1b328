extension RealtimeUpdate {
    /// Reads a `session` in today's shape.
    ///
    /// - Throws: `invalidValue`.
    init(current session: RealtimeFields) throws(RealtimeError) {
        if let type = try session.string("type"), type != "transcription" {
            throw session.error("type", "\(type.quoted) sessions are not served; use 'transcription'")
        }
        try Self.checkIncluded(session)
        guard let input = try session.object("audio")?.object("input") else { return }
        format = try Self.format(input)
        try readTranscription(input, "transcription")
        try readTurnDetection(input)
        try readNoiseReduction(input, "noise_reduction")
    }

    /// Reads a `session` in the beta's shape.
    ///
    /// - Throws: `invalidValue`.
    init(beta session: RealtimeFields) throws(RealtimeError) {
        try Self.checkIncluded(session)
        if let name = try session.string("input_audio_format") {
            let formats: [RealtimeAudioFormat] = [.pcm(rate: 24_000), .muLaw, .aLaw]
            guard let known = formats.first(where: { $0.betaName == name }) else {
                throw session.error("input_audio_format", "\(name.quoted) is not one of pcm16, g711_ulaw, g711_alaw")
            }
            format = known
        }
        try readTranscription(session, "input_audio_transcription")
        try readTurnDetection(session)
        try readNoiseReduction(session, "input_audio_noise_reduction")
    }

    /// Log-probabilities may be asked for. The settings that a client is told show that it gets none.
    private static func checkIncluded(_ session: RealtimeFields) throws(RealtimeError) {
        for name in try session.strings("include") ?? [] where name != "item.input_audio_transcription.logprobs" {
            throw session.error("include", "\(name.quoted) is not known")
        }
    }

    private static func format(_ input: RealtimeFields) throws(RealtimeError) -> RealtimeAudioFormat? {
        guard let fields = try input.object("format") else { return nil }
        let (type, rate) = (try fields.string("type"), try fields.integer("rate"))
        switch try fields.required("type", type) {
        case "audio/pcm":
            guard RealtimeAudioFormat.rates.contains(rate ?? 24_000) else {
                throw fields.error("rate", "supported are 8000, 16000, 24000 and 48000")
            }
            return .pcm(rate: rate ?? 24_000)
        case "audio/pcmu", "audio/pcma":
            guard rate ?? 8000 == 8000 else { throw fields.error("rate", "G.711 has 8000") }
            return type == "audio/pcmu" ? .muLaw : .aLaw
        case let other:
            throw fields.error("type", "\(other.quoted) is not one of audio/pcm, audio/pcmu, audio/pcma")
        }
    }

    private mutating func readTranscription(_ input: RealtimeFields, _ name: String) throws(RealtimeError) {
        guard !input.isNull(name) else { throw input.error(name, "a transcription session transcribes") }
        guard let fields = try input.object(name) else { return }
        model = try fields.string("model")
        language = try fields.change("language")
        prompt = try fields.change("prompt")
        if case .set(let text) = prompt { prompt = .set(LeadingText.prompt(text)) }
    }

    /// What an object leaves out has its default.
    private mutating func readTurnDetection(_ input: RealtimeFields) throws(RealtimeError) {
        guard !input.isNull("turn_detection") else {
            turnDetection = .clear
            return
        }
        guard let fields = try input.object("turn_detection") else { return }
        let type = try fields.string("type")
        guard try fields.required("type", type) == "server_vad" else {
            throw fields.error("type", "\((type ?? "").quoted) is not supported; use 'server_vad' or null")
        }
        var detection = RealtimeTurnDetection()
        if let threshold = try fields.number("threshold") {
            guard (0...1).contains(threshold) else { throw fields.error("threshold", "expected 0 to 1") }
            detection.threshold = threshold
        }
        let prefix = try Self.milliseconds(fields, "prefix_padding_ms")
        let silence = try Self.milliseconds(fields, "silence_duration_ms")
        detection.prefixPaddingMilliseconds = prefix ?? detection.prefixPaddingMilliseconds
        detection.silenceDurationMilliseconds = silence ?? detection.silenceDurationMilliseconds
        turnDetection = .set(detection)
    }

    private static func milliseconds(_ fields: RealtimeFields, _ name: String) throws(RealtimeError) -> Int? {
        guard let value = try fields.integer(name) else { return nil }
        let known = RealtimeTurnDetection.milliseconds
        guard known.contains(value) else {
            throw fields.error(name, "expected \(known.lowerBound) to \(known.upperBound)")
        }
        return value
    }

    private mutating func readNoiseReduction(_ input: RealtimeFields, _ name: String) throws(RealtimeError) {
        guard !input.isNull(name) else {
            noiseReduction = .clear
            return
        }
        guard let fields = try input.object(name) else { return }
        let type = try fields.string("type")
        let known = try fields.required("type", type)
        guard ["near_field", "far_field"].contains(known) else {
            throw fields.error("type", "\(known.quoted) is not one of near_field, far_field")
        }
        noiseReduction = .set(known)
    }
}
