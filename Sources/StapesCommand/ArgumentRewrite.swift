/// Turns the spellings of whisper's command line into ours before the parser sees them: `--output_dir` becomes
/// `--output-dir`, and the `True` or `False` after a switch goes. `translate` becomes `transcribe --translate`.
///
/// Only names in the table are touched, so that a message about an unknown option names it as it was typed.
package enum ArgumentRewrite {
    /// Options that take a value. The argument after one is never looked at.
    package static let valued: Set<String> = ServeSettings.valued.union([
        "abandon", "api-key", "append-punctuations", "attention-backend", "audio-context", "batch-size", "beam-size",
        "best-of", "cache-size", "category", "clip-timestamps", "compression-ratio-threshold", "compute-type",
        "concurrency", "cross-kv-type", "cuda-graph-bs", "cuda-graph-max-bs", "decode-attention-backend",
        "decode-graph", "device", "duration", "encoder-batch-size", "endpoint", "field",
        "hallucination-silence-threshold", "hotwords", "initial-prompt", "language", "language-detection-segments",
        "language-detection-threshold", "length-penalty", "logprob-threshold", "log-mel", "look-ahead", "manifest",
        "max-initial-timestamp", "max-line-count", "max-line-width", "max-words-per-line", "metrics", "model",
        "model-dir", "no-repeat-ngram-size", "no-speech-threshold", "output-dir", "output-format", "passes",
        "patience", "prefill-attention-backend", "prefix", "prepend-punctuations", "programmatic-launch", "progress",
        "prompt", "prompt-reset-on-temperature", "reference-texts", "repeat", "repetition-penalty", "response-format",
        "revision", "seed", "suppress-tokens", "task", "temperature", "temperature-increment-on-fallback", "texts",
        "threads", "timeout", "transport", "url", "vad-max-speech-duration-s", "vad-min-silence-duration-ms",
        "vad-min-speech-duration-ms", "vad-neg-threshold", "vad-speech-pad-ms", "vad-threshold",
    ])

    /// Names that others use for one of our options.
    package static let aliases: [String: String] = ["local-files-only": "offline", "model-directory": "model"]

    /// Switches, and what each becomes when `True` or `False` is asked for.
    package static let switches: [String: Switch] = [
        "condition-on-previous-text": Switch(off: ["--no-condition-on-previous-text"]),
        "suppress-blank": Switch(off: ["--no-suppress-blank"]),
        "no-condition-on-previous-text": Switch(off: ["--condition-on-previous-text"]),
        "no-suppress-blank": Switch(off: ["--suppress-blank"]),
        "detect-language": Switch(),
        "batched": Switch(),
        "carry-initial-prompt": Switch(),
        "deterministic": Switch(),
        "disable-cuda-graph": Switch(),
        "disable-cuda-graph-padding": Switch(),
        "force": Switch(),
        // Half precision is what whisper takes by default, where there is any; refusing it asks for full precision.
        "fp16": Switch(on: [], off: ["--compute-type", "float32"]),
        "highlight-words": Switch(),
        "json": Switch(),
        "multilingual": Switch(),
        "no-fallback": Switch(),
        "no-timestamps": Switch(),
        "offline": Switch(),
        "quiet": Switch(),
        "skip-existing": Switch(),
        "translate": Switch(),
        "vad": Switch(),
        "vad-filter": Switch(),
        "verbose": Switch(),
        "word-timestamps": Switch(),
    ]

    package struct Switch: Sendable {
        /// The arguments that say yes; nil: the switch itself.
        package let on: [String]?
        /// The arguments that say no; none where leaving the switch out says it.
        package let off: [String]

        init(on: [String]? = nil, off: [String] = []) {
            self.on = on
            self.off = off
        }
    }

    private static let shortValued: Set<String> = ["-f", "-l", "-m", "-o", "-t"]

    /// - Parameter arguments: the command line without the program's name.
    package static func rewrite(_ arguments: [String]) -> [String] {
        var result: [String] = []
        result.reserveCapacity(arguments.count)
        var rest = arguments[...]
        if rest.first == "translate" {
            rest.removeFirst()
            result += ["transcribe", "--translate"]
        }
        while let argument = rest.popFirst() {
            if argument == "--" {
                return result + ["--"] + rest
            }
            guard argument.hasPrefix("--") else {
                result.append(argument)
                if shortValued.contains(argument), let value = rest.popFirst() { result.append(value) }
                continue
            }
            let parts = argument.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let typed = String(parts[0].map { $0 == "_" ? "-" : $0 })
            let name = aliases[typed] ?? typed
            let inlineValue = parts.count == 2 ? String(parts[1]) : nil
            if valued.contains(name) {
                result.append(inlineValue.map { "--\(name)=\($0)" } ?? "--\(name)")
                if inlineValue == nil, let value = rest.popFirst() { result.append(value) }
            } else if let flag = switches[name] {
                guard let value = inlineValue ?? booleanWord(at: rest.first) else {
                    result.append("--\(name)")
                    continue
                }
                if inlineValue == nil { rest.removeFirst() }
                switch value {
                case "True", "true": result += flag.on ?? ["--\(name)"]
                case "False", "false": result += flag.off
                default: result.append("--\(name)=\(value)")
                }
            } else {
                result.append(argument)
            }
        }
        return result
    }

    /// Python's spelling only: a file may well be called `true`.
    private static func booleanWord(at argument: String?) -> String? {
        argument == "True" || argument == "False" ? argument : nil
    }
}
