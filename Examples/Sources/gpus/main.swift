// gpus MODEL AUDIO: a file on all GPUs of the machine, or on the processor where there is none.
import Stapes

let model = CommandLine.arguments[1]
let audio = CommandLine.arguments[2]

var configuration = TranscriberConfiguration(modelDirectory: model)
configuration.device = .allGPUs
let transcriber: Transcriber
do {
    transcriber = try await Transcriber(configuration)
} catch let error where error.code == .unavailable {
    print(error.message)
    configuration.device = .cpu
    transcriber = try await Transcriber(configuration)
}
print(transcriber.description.devices)
print(try await transcriber.transcribe(.file(path: audio)).text)
