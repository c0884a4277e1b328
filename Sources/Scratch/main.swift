import Stapes
import Foundation
let args = CommandLine.arguments
let t = try await Transcriber(TranscriberConfiguration(modelDirectory: args[1], computeType: ComputeType(rawValue: args[2])!, attentionBackend: nil))
print(t.description)
for f in args[3...] {
    let s = Date()
    let r = try await t.transcribe(.file(path: f), options: TranscriptionOptions(language: nil)) { if case .statistics(let s) = $0 { print(s) } }
    print(f, r.language, r.text, Date().timeIntervalSince(s))
}
