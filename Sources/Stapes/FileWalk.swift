import StapesAudio
import StapesDecoding

/// The walk through one stretch of audio: `SeekLoop` says what to do, the engine does it.
struct FileWalk: Sendable {
    let windows: WindowClient
    let options: TranscriptionOptions
    /// The language's code.
    let language: String
    /// The language was asked for and is not listened for in every window.
    let isFixed: Bool

    struct Result: Sendable {
        var text = ""
        var segments: [Segment] = []
    }

    /// - Parameter onWindow: is told of the segments of each window, and how many frames are done with.
    func run(
        _ mel: LogMel, _ statistics: inout TranscriptionStatistics,
        onWindow: (_ segments: [Segment], _ frames: Int) async -> Void = { _, _ in }
    ) async throws(StapesError) -> Result {
        var loop = SeekLoop(
            contentFrames: mel.contentFrames, startSequence: windows.startSequence(language, options),
            options: options.seeking(language: language), coder: windows.tokenizer)
        var segments: [Segment] = []
        while true {
            let found: [Segment]
            switch loop.next() {
            case .decode(var job):
                if options.multilingual, !isFixed {
                    let heard = try await windows.language(of: job, mel, options, &statistics)
                    job = loop.begin(with: windows.startSequence(heard.code, options))
                }
                found = loop.receive(try await windows.decode(job, of: mel, options, &statistics))
            case .align(let job):
                found = loop.receive(try await windows.align(job, of: mel, options, &statistics))
            case .finished:
                return Result(text: loop.text, segments: segments)
            }
            segments += found
            await onWindow(found, min(loop.seek, mel.contentFrames))
        }
    }
}
