import StapesCommand
import Testing

@Suite struct ArgumentRewriteTests {
    /// Every option of whisper's and whisper-ctranslate2's help that exists here, and what it becomes.
    static let spellings: [(given: [String], expected: [String])] = [
        (["--model", "base"], ["--model", "base"]),
        (["--model_dir", "a_b"], ["--model-dir", "a_b"]),
        (["--model_directory", "a_b"], ["--model", "a_b"]),
        (["--device", "cuda:0"], ["--device", "cuda:0"]),
        (["--compute_type", "float32"], ["--compute-type", "float32"]),
        (["--output_dir", "out_dir"], ["--output-dir", "out_dir"]),
        (["--output_format", "srt"], ["--output-format", "srt"]),
        (["--task", "translate"], ["--task", "translate"]),
        (["--language", "English"], ["--language", "English"]),
        (["--suppress_tokens", "-1"], ["--suppress-tokens", "-1"]),
        (["--suppress_blank", "True"], ["--suppress-blank"]),
        (["--suppress_blank", "False"], ["--no-suppress-blank"]),
        (["--initial_prompt", "True"], ["--initial-prompt", "True"]),
        (["--condition_on_previous_text", "True"], ["--condition-on-previous-text"]),
        (["--condition_on_previous_text", "False"], ["--no-condition-on-previous-text"]),
        (["--logprob_threshold", "-1.0"], ["--logprob-threshold", "-1.0"]),
        (["--no_speech_threshold", "None"], ["--no-speech-threshold", "None"]),
        (["--temperature", "0.2"], ["--temperature", "0.2"]),
        (["--threads", "4"], ["--threads", "4"]),
        (["--batch_size", "8"], ["--batch-size", "8"]),
        (["--max_line_width", "42"], ["--max-line-width", "42"]),
        (["--max_line_count", "None"], ["--max-line-count", "None"]),
        (["--max_words_per_line", "3"], ["--max-words-per-line", "3"]),
        (["--highlight_words", "True"], ["--highlight-words"]),
        (["--highlight_words", "False"], []),
        (["--verbose", "True"], ["--verbose"]),
        (["--verbose", "False"], []),
        (["--fp16", "True"], []),
        (["--fp16", "False"], ["--compute-type", "float32"]),
        (["--local_files_only", "True"], ["--offline"]),
    ]

    @Test(arguments: spellings)
    func whispersSpellingBecomesOurs(_ spelling: (given: [String], expected: [String])) {
        #expect(ArgumentRewrite.rewrite(spelling.given + ["a.wav"]) == spelling.expected + ["a.wav"])
    }

    @Test(arguments: spellings)
    func equalsSignJoinsNameAndValue(_ spelling: (given: [String], expected: [String])) {
        let joined = spelling.given.joined(separator: "=")
        let isSwitch = ["True", "False"].contains(spelling.given[1]) && spelling.given[0] != "--initial_prompt"
        let expected = isSwitch ? spelling.expected : [spelling.expected.joined(separator: "=")]
        #expect(ArgumentRewrite.rewrite([joined]) == expected)
    }

    @Test(arguments: ArgumentRewrite.valued)
    func snakeCaseOfEveryValuedOptionIsUnderstood(_ name: String) {
        let snake = "--" + String(name.map { $0 == "-" ? "_" : $0 })
        #expect(ArgumentRewrite.rewrite([snake, "v"]) == ["--" + name, "v"])
    }

    @Test(arguments: ArgumentRewrite.switches.keys)
    func everySwitchTakesTrueAndFalse(_ name: String) {
        let snake = "--" + String(name.map { $0 == "-" ? "_" : $0 })
        let on = ArgumentRewrite.switches[name]?.on ?? ["--" + name]
        let off = ArgumentRewrite.switches[name]?.off ?? []
        #expect(ArgumentRewrite.rewrite([snake]) == ["--" + name])
        #expect(ArgumentRewrite.rewrite([snake, "True"]) == on)
        #expect(ArgumentRewrite.rewrite([snake + "=true"]) == on)
        #expect(ArgumentRewrite.rewrite([snake, "False"]) == off)
        #expect(ArgumentRewrite.rewrite([snake + "=false"]) == off)
    }

    @Test func translateIsTranscribeWithTranslation() {
        #expect(
            ArgumentRewrite.rewrite(["translate", "a.wav", "--output_dir", "o"])
                == ["transcribe", "--translate", "a.wav", "--output-dir", "o"])
        #expect(ArgumentRewrite.rewrite(["a.wav", "translate"]) == ["a.wav", "translate"])
        #expect(ArgumentRewrite.rewrite(["--task", "translate"]) == ["--task", "translate"])
    }

    @Test func unknownOptionStaysAsTyped() {
        #expect(ArgumentRewrite.rewrite(["--beam_sizes", "5"]) == ["--beam_sizes", "5"])
    }

    @Test func valueThatLooksLikeAnOptionStays() {
        #expect(ArgumentRewrite.rewrite(["--prompt", "--model_dir"]) == ["--prompt", "--model_dir"])
        #expect(ArgumentRewrite.rewrite(["-o", "--model_dir"]) == ["-o", "--model_dir"])
    }

    @Test func nothingChangesAfterDoubleDash() {
        #expect(
            ArgumentRewrite.rewrite(["--verbose", "--", "--model_dir", "True"])
                == ["--verbose", "--", "--model_dir", "True"])
    }

    @Test func fileCalledTrueAfterSwitchInLowerCaseStays() {
        #expect(ArgumentRewrite.rewrite(["--verbose", "true"]) == ["--verbose", "true"])
    }

    @Test func optionAtTheEndWithoutValueIsLeftToTheParser() {
        #expect(ArgumentRewrite.rewrite(["--output_dir"]) == ["--output-dir"])
    }
}
