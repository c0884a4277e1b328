// many MODEL AUDIO...: many files at once, by one transcriber.
import Stapes

let model = CommandLine.arguments[1]
let files = CommandLine.arguments.dropFirst(2)

let transcriber = try await Transcriber(TranscriberConfiguration(modelDirectory: model))
await withTaskGroup(of: String.self) { group in
    for file in files {
        group.addTask {
            do {
                return "\(file):\(try await transcriber.transcribe(.file(path: file)).text)"
            } catch {
                return "\(file): \(error)"
            }
        }
    }
    for await line in group { print(line) }
}
