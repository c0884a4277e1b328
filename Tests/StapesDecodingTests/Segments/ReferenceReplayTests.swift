import StapesDecoding
import StapesTesting
import StapesTokenizer
import Testing

/// Windows of real files, put together again from what the reference printed, must yield its segments and text.
@Suite(
    .enabled(if: SpeechData.isPresent, "needs the recordings"), .enabled(if: TestModels.hasBase, "needs the model base")
)
struct ReferenceReplayTests {
    private struct Window {
        var offset: Int
        var segments: Range<Int>
    }

    private let special = SpecialTokens.base

    @Test func everyFileYieldsTheReferencesTimesTextAndRatio() throws {
        let coder = VocabularyCoder(try ReferenceData.vocabulary())
        let durations = try ReferenceData.durations()
        let files = try SpeechData.references()
        #expect(files.count == 98)
        var windowCount = 0
        for file in files {
            let duration = try #require(durations[file.audio])
            let windows = self.windows(of: file)
            windowCount += windows.count
            var loop = SeekLoop(
                contentFrames: Int((duration * 16_000).rounded()) / 160, startSequence: [50258, 50259, 50359],
                options: SeekOptions(conditionOnPreviousText: false), coder: coder)
            var segments: [Segment] = []
            for (index, window) in windows.enumerated() {
                let next = index + 1 < windows.count ? windows[index + 1].offset : nil
                guard case .decode(let job) = loop.next() else {
                    Issue.record("\(file.audio) ends before window \(index)")
                    break
                }
                #expect(job.seek == window.offset, "\(file.audio)")
                segments += loop.receive(result(of: window, in: file, size: job.size, next: next))
            }
            #expect(
                segments.map { [hundredths($0.start), hundredths($0.end)] }
                    == file.segments.map { $0.map(hundredths) }, "\(file.audio)")
            #expect(segments.map(\.tokens) == file.tokens, "\(file.audio)")
            #expect(loop.text == file.text, "\(file.audio)")
            #expect(zip(segments, file.compressionRatio).allSatisfy { abs($0.compressionRatio - $1) < 0.02 * $1 })
            if windows.count == 1 {
                // The printed window is whole, so its ratio is too.
                #expect(
                    zip(segments, file.compressionRatio).allSatisfy { abs($0.compressionRatio - $1) < 6e-6 },
                    "\(file.audio)")
            }
        }
        print("replayed \(files.count) files, \(windowCount) windows")
    }

    /// Segments of one window share their scores; where a stamp is zero again, a window began.
    private func windows(of file: SpeechData.Reference) -> [Window] {
        var windows: [Window] = []
        for index in file.tokens.indices {
            let isSameWindow =
                index > 0 && file.averageLogProbability[index] == file.averageLogProbability[index - 1]
                && file.noSpeechProbability[index] == file.noSpeechProbability[index - 1]
            if isSameWindow {
                windows[windows.count - 1].segments = windows[windows.count - 1].segments.lowerBound..<index + 1
            } else {
                let stamp = (file.tokens[index].first ?? special.timestampBegin) - special.timestampBegin
                windows.append(
                    Window(offset: hundredths(file.segments[index][0]) - 2 * stamp, segments: index..<index + 1))
            }
        }
        return windows
    }

    /// The printed ids lack the window's unfinished tail; a stamp alone stands for it when the next window begins
    /// early.
    private func result(of window: Window, in file: SpeechData.Reference, size: Int, next: Int?) -> WindowResult {
        var tokens = window.segments.flatMap { file.tokens[$0] }
        if let next, next != window.offset + size, let last = tokens.last {
            tokens.append(last)
        }
        let first = window.segments.lowerBound
        return WindowResult(
            tokens: tokens, sumLogProbability: file.averageLogProbability[first] * Double(tokens.count + 1),
            noSpeechProbability: file.noSpeechProbability[first])
    }

    private func hundredths(_ seconds: Double) -> Int {
        Int((seconds * 100).rounded())
    }
}

/// Reads a vocabulary whose entries spell bytes as printable characters; enough to decode.
private struct VocabularyCoder: TextCoder {
    let special = SpecialTokens.base
    let nonSpeechTokens: [Int] = []
    private let pieces: [[UInt8]]

    init(_ vocabulary: [String]) {
        var bytes: [Unicode.Scalar: UInt8] = [:]
        var moved: UInt32 = 256
        for byte in UInt8.min...UInt8.max {
            let isPrintable = (33...126).contains(byte) || (161...172).contains(byte) || byte >= 174
            bytes[isPrintable ? Unicode.Scalar(byte) : Unicode.Scalar(moved) ?? " "] = byte
            moved += isPrintable ? 0 : 1
        }
        pieces = vocabulary.map { $0.unicodeScalars.compactMap { bytes[$0] } }
    }

    func encode(_ text: String) -> [Int] { [] }

    func decode(_ tokens: some Sequence<Int>) -> String {
        String(decoding: tokens.filter { $0 < special.endOfText }.flatMap { pieces[$0] }, as: UTF8.self)
    }

    func bytes(of token: Int) -> [UInt8] { pieces[token] }
}
