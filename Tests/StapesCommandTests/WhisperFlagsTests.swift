import StapesCommand
import Testing

/// Commands from whisper's README and from scripts that were written for it run as they are.
@Suite struct WhisperFlagsTests {
    /// Every option of `whisper --help`, 20250625, with a value that it takes.
    private static let whisper: [(name: String, value: String)] = [
        ("--model", "base"), ("--model_dir", "models"), ("--device", "cpu"), ("--output_dir", "out"),
        ("--output_format", "all"), ("--verbose", "True"), ("--task", "transcribe"), ("--language", "English"),
        ("--temperature", "0"), ("--best_of", "5"), ("--beam_size", "5"), ("--patience", "1.0"),
        ("--length_penalty", "0.6"), ("--suppress_tokens", "-1"), ("--initial_prompt", "Names: Anna."),
        ("--carry_initial_prompt", "True"), ("--condition_on_previous_text", "False"), ("--fp16", "False"),
        ("--temperature_increment_on_fallback", "0.2"), ("--compression_ratio_threshold", "2.4"),
        ("--logprob_threshold", "-1.0"), ("--no_speech_threshold", "0.6"), ("--word_timestamps", "True"),
        ("--prepend_punctuations", "([{-"), ("--append_punctuations", ".,"), ("--highlight_words", "True"),
        ("--max_line_width", "40"), ("--max_line_count", "2"), ("--max_words_per_line", "8"),
        ("--hallucination_silence_threshold", "2.0"), ("--clip_timestamps", "0,10"), ("--threads", "2"),
    ]

    /// What whisper-ctranslate2 has besides, where there is such a thing here.
    private static let others: [(name: String, value: String)] = [
        ("--compute_type", "float32"), ("--batched", "True"), ("--batch_size", "8"), ("--hotwords", "Stapes"),
        ("--prefix", "And so"), ("--repetition_penalty", "1.1"), ("--no_repeat_ngram_size", "3"),
        ("--prompt_reset_on_temperature", "0.5"), ("--suppress_blank", "True"), ("--vad_filter", "True"),
        ("--vad_threshold", "0.4"), ("--vad_min_speech_duration_ms", "250"), ("--vad_max_speech_duration_s", "20"),
        ("--vad_min_silence_duration_ms", "500"), ("--language_detection_threshold", "0.5"),
        ("--language_detection_segments", "2"), ("--multilingual", "True"), ("--local_files_only", "True"),
        ("--model_directory", "models/base"),
    ]

    private func refusal(_ arguments: [String]) -> String? {
        do {
            _ = try Root.parseAsRoot(ArgumentRewrite.rewrite(arguments))
            return nil
        } catch {
            return Root.message(for: error)
        }
    }

    @Test func everyOptionOfWhisperIsTakenTogether() {
        let arguments = ["talk.mp3"] + Self.whisper.flatMap { [$0.name, $0.value] }
        #expect(refusal(arguments) == nil)
        #expect(refusal(arguments.map { $0.hasPrefix("--") ? String($0.map { $0 == "_" ? "-" : $0 }) : $0 }) == nil)
    }

    @Test func everyOptionIsTakenInBothSpellingsAndForms() {
        for (name, value) in Self.whisper + Self.others {
            // What needs another option beside it.
            let needs =
                [
                    "--hallucination_silence_threshold": ["--word_timestamps", "True"],
                    "--highlight_words": ["--word_timestamps", "True"],
                    "--max_line_width": ["--word_timestamps", "True"],
                    "--max_line_count": ["--word_timestamps", "True"],
                    "--max_words_per_line": ["--word_timestamps", "True"], "--vad_threshold": ["--vad"],
                    "--vad_min_speech_duration_ms": ["--vad"], "--vad_max_speech_duration_s": ["--vad"],
                    "--vad_min_silence_duration_ms": ["--vad"],
                ][name] ?? []
            let kebab = String(name.map { $0 == "_" ? "-" : $0 })
            for spelling in [name, kebab] {
                #expect(refusal(["talk.mp3", spelling, value] + needs) == nil, "\(spelling) \(value)")
                #expect(refusal(["talk.mp3", "\(spelling)=\(value)"] + needs) == nil, "\(spelling)=\(value)")
            }
        }
    }

    @Test func refusalsNameTheOption() {
        for (arguments, word) in [
            (["--patience", "2", "--beam_size", "None"], "patience"), (["--beam_size", "99"], "99"),
            (["--length_penalty", "3"], "length penalty"), (["--clip_timestamps", "5,1"], "5,1"),
            (["--clip_timestamps", "1,5", "--vad"], "voice activity"), (["--vad_threshold", "0.5"], "--vad"),
            (["--hallucination_silence_threshold", "2"], "--word-timestamps"),
            (["--temperature_increment_on_fallback", "0"], "increment"),
            (["--max_line_width", "40"], "--word-timestamps"),
        ] {
            let message = refusal(["talk.mp3"] + arguments)
            #expect(message?.contains(word) == true, "\(arguments): \(message ?? "taken")")
        }
    }
}
