// transcribe MODEL AUDIO: the segments of a file, as they come.
import Stapes

let model = CommandLine.arguments[1]
let audio = CommandLine.arguments[2]

let transcriber = try await Transcriber(TranscriberConfiguration(modelDirectory: model))
let result = try await transcriber.transcribe(.file(path: audio)) { event in
    if case .segment(let segment) = event { print(segment.start, segment.end, segment.text) }
}
print(result.language, result.text)
