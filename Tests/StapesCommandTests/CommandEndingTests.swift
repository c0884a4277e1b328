import StapesCommand
import Testing

@Suite struct CommandEndingTests {
    private func ending(_ arguments: String...) throws -> CommandEnding {
        do {
            var command = try Root.parseAsRoot(ArgumentRewrite.rewrite(arguments))
            try command.run()
            throw UnexpectedSuccess(command: "\(command)")
        } catch let error as UnexpectedSuccess {
            throw error
        } catch {
            return CommandEnding(error)
        }
    }

    private struct UnexpectedSuccess: Error {
        let command: String
    }

    @Test(arguments: [
        ["--bogus", "a.wav"], [], ["-l", "klingon", "a.wav"], ["-f", "doc", "a.wav"], ["--threads", "many", "a.wav"],
        ["--translate", "--task", "transcribe", "a.wav"], ["--verbose", "--quiet", "a.wav"], ["bench", "wer"],
        ["doctor", "--beam_size", "5"], ["doctor", "--random-weights", "huge"],
        ["doctor", "--random-weights", "tiny", "--model", "tiny"], ["a.wav", "--random-weights", "tiny"],
        ["translate", "--task", "transcribe", "a.wav"],
        ["--disable-cuda-graph", "--decode-graph", "on", "a.wav"], ["--decode-graph", "maybe", "a.wav"],
        ["--cuda-graph-bs", "4,8", "--cuda-graph-max-bs", "2", "a.wav"], ["--cuda-graph-bs", "1,,2", "a.wav"],
        ["--fp16", "a.wav"], ["--max-line-width", "42", "a.wav"], ["--max_line_count", "-1", "a.wav"],
        ["--highlight_words", "True", "a.wav"],
    ])
    func wrongCommandLineIsOneLineAndStatusTwo(_ arguments: [String]) throws {
        let parsed = Result { try Root.parseAsRoot(ArgumentRewrite.rewrite(arguments)) }
        guard case .failure(let error) = parsed else {
            Issue.record("accepted")
            return
        }
        let ending = CommandEnding(error)
        #expect(ending.exitStatus == 2)
        guard case .error(let text) = ending.message else {
            Issue.record("no message")
            return
        }
        #expect(!text.contains("\n"))
        #expect(text.first?.isUppercase == false)
    }

    @Test(arguments: [
        (["--threads", "-1"], "give 0 (automatic) to 1024"), (["-t", "-1"], "give 0 (automatic) to 1024"),
        (["--batch-size", "-1"], "not a number from 1 to 256"),
        (["--cuda-graph-max-bs", "-1"], "not a number from 1 to 256"),
    ])
    func numberBelowZeroIsToldItsRange(_ arguments: [String], _ range: String) throws {
        let error = try #require(throws: (any Error).self) {
            _ = try Root.parseAsRoot(ArgumentRewrite.rewrite(arguments + ["a.wav"]))
        }
        guard case .error(let text) = CommandEnding(error).message else {
            Issue.record("no message")
            return
        }
        #expect(text.contains("'-1'"))
        #expect(text.contains(range))
    }

    @Test func helpAndVersionAreAnswers() throws {
        let version = try ending("--version")
        #expect(version.exitStatus == 0)
        #expect(version.message == .answer("stapes \(Version.current)\n"))
        let help = try ending("transcribe", "--help")
        #expect(help.exitStatus == 0)
        guard case .answer(let text) = help.message else {
            Issue.record("help is no answer")
            return
        }
        #expect(text.contains("--initial-prompt"))
    }

    @Test(arguments: [
        ["a.wav"], ["-m", "base", "a.wav", "-o", "-", "-f", "srt"], ["-"],
        ["a.wav", "--suppress_tokens", "-1", "--logprob_threshold", "-0.5", "--no_speech_threshold", "None"],
        ["a.wav", "b.wav", "--condition_on_previous_text", "False", "--verbose", "True", "--initial_prompt", "-x"],
        ["transcribe", "a.wav", "--prompt", "Hello", "-t", "0", "--device", "cuda:1", "--no-suppress-blank"],
        ["bench", "wer", "--manifest", "m", "--category", "a", "b", "--detect-language", "--json"],
        ["bench", "transcribe", "a.wav", "--repeat", "3", "--json"], ["detect-language", "a.wav", "--json"],
        ["doctor", "--model", "base", "--json"], ["doctor", "--random-weights", "turbo", "--compute-type", "bfloat16"],
        ["doctor", "--decode-graph", "off", "--threads", "2"],
        ["translate", "a.wav"], ["a.wav", "--fp16", "False"], ["a.wav", "--fp16", "True"], ["a.wav", "--offline"],
        ["detect-language", "a.wav", "--offline"], ["bench", "transcribe", "a.wav", "--offline"],
        ["bench", "wer", "--manifest", "m", "--offline"], ["doctor", "--offline"], ["models", "list", "--offline"],
        ["a.wav", "--disable-cuda-graph", "--decode-graph", "off", "--prefill-attention-backend", "reference"],
        ["a.wav", "--decode_graph", "on", "--cuda_graph_bs", "1,2", "--cuda_graph_max_bs", "2"],
    ])
    func commandLineIsUnderstood(_ arguments: [String]) throws {
        _ = try Root.parseAsRoot(ArgumentRewrite.rewrite(arguments))
    }
}
