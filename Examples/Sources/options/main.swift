// options MODEL VOICE-ACTIVITY AUDIO: the same file by three sets of options.
import Stapes

let model = CommandLine.arguments[1]
let network = CommandLine.arguments[2]
let audio = CommandLine.arguments[3]

let transcriber = try await Transcriber(
    TranscriberConfiguration(modelDirectory: model, voiceActivityDirectory: network))

// As whisper's command line, but at most twice.
var searched = TranscriptionOptions.whisperCommandLine
searched.temperatures = [0, 0.4]
searched.initialPrompt = "A speech of President Kennedy."
print("searched:", try await transcriber.transcribe(.file(path: audio), options: searched).text)

// Without its silences.
var spoken = TranscriptionOptions()
spoken.voiceActivity = VoiceActivityOptions(minimumSilenceMilliseconds: 500)
print("spoken:", try await transcriber.transcribe(.file(path: audio), options: spoken).text)

// In windows of speech that are decoded side by side.
var batched = TranscriptionOptions.fast
batched.batched = true
print("batched:", try await transcriber.transcribe(.file(path: audio), options: batched).text)
