// words MODEL AUDIO: each word with its times.
import Stapes

let model = CommandLine.arguments[1]
let audio = CommandLine.arguments[2]

let transcriber = try await Transcriber(TranscriberConfiguration(modelDirectory: model))
var options = TranscriptionOptions(language: "en")
options.wordTimestamps = true
let result = try await transcriber.transcribe(.file(path: audio), options: options)
for word in result.segments.flatMap({ $0.words ?? [] }) {
    print(word.start, word.end, word.word, word.probability)
}
