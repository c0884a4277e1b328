// gpus MODEL AUDIO: a file on all GPUs of the machine, or on the processor where there is none.
import Stapes

let model = CommandLine.arguments[1]
let audio = CommandLine.arguments[2]

func transcriberOnGPUs() async throws -> Transcriber {
    var configuration = TranscriberConfiguration(modelDirectory: model)
    configuration.device = .allGPUs
    do {
        return try await Transcriber(configuration)
    } catch {
        guard error.code == .unavailable else { throw error }
        print(error.message)
        configuration.device = .cpu
        return try await Transcriber(configuration)
    }
}

let transcriber = try await transcriberOnGPUs()
print(transcriber.description.devices)
print(try await transcriber.transcribe(.file(path: audio)).text)
