import StapesAudio
import StapesDecoding

/// The walk through one stretch of audio: `SeekLoop` says what to do, the engine does it.
package struct FileWalk: Sendable {
    let windows: WindowClient
    let options: TranscriptionOptions
    /// The language's code.
    let language: String
    /// The language was asked for and is not listened for in every window.
    let isFixed: Bool

    package struct Result: Sendable {
        package var text: String
        package var segments: [Segment]
        /// Frames that are done with.
        package var frames: Int

        package init(text: String = "", segments: [Segment] = [], frames: Int = 0) {
            self.text = text
            self.segments = segments
            self.frames = frames
        }
    }

    /// What was said before the stretch.
    package struct Past: Sendable, Hashable {
        /// The ids of the text that may lead the first window.
        package var history: [Int]
        /// The initial prompt may lead it as well.
        package var showsInitialPrompt: Bool

        package init(history: [Int] = [], showsInitialPrompt: Bool = true) {
            self.history = history
            self.showsInitialPrompt = showsInitialPrompt
        }
    }

    /// - Parameters:
    ///   - isOneWindow: what the first window leaves is not transcribed.
    ///   - onWindow: is told of the segments of each window, and how many frames are done with.
    func run(
        _ audio: AudioFeatures, after past: Past = Past(), isOneWindow: Bool = false,
        _ statistics: inout TranscriptionStatistics,
        onWindow: (_ segments: [Segment], _ frames: Int) async -> Void = { _, _ in }
    ) async throws(StapesError) -> Result {
        var seeking = options.seeking(language: language)
        if !past.showsInitialPrompt, !seeking.carryInitialPrompt { seeking.initialPrompt = nil }
        var loop = SeekLoop(
            contentFrames: audio.contentFrames, startSequence: windows.startSequence(language, options),
            options: seeking, history: past.history, coder: windows.tokenizer)
        var segments: [Segment] = []
        while !isOneWindow || loop.seek == 0 {
            let found: [Segment]
            switch loop.next() {
            case .decode(var job):
                if options.multilingual, !isFixed {
                    let heard = try await windows.language(of: job, audio, options, &statistics)
                    job = loop.begin(with: windows.startSequence(heard.code, options))
                }
                found = loop.receive(try await windows.decode(job, of: audio, options, &statistics))
            case .align(let job):
                found = loop.receive(try await windows.align(job, of: audio, options, &statistics))
            case .finished:
                return Result(text: loop.text, segments: segments, frames: audio.contentFrames)
            }
            segments += found
            await onWindow(found, min(loop.seek, audio.contentFrames))
        }
        return Result(text: loop.text, segments: segments, frames: min(loop.seek, audio.contentFrames))
    }
}
