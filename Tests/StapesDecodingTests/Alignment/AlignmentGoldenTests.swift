import StapesDecoding
import Testing

/// Made-up attention that went through the reference's own alignment.
struct AlignmentGoldenTests {
    private let goldens: AlignmentGoldens
    private let coder: PieceCoder

    init() throws {
        goldens = try AlignmentGoldens.load()
        coder = goldens.coder
    }

    @Test func idsAreSplitIntoTheReferencesWords() {
        #expect(goldens.splits.count == 140)
        for (number, golden) in goldens.splits.enumerated() {
            let pieces = WordSplitter(language: golden.language, coder: coder)
                .split(golden.tokens + [coder.special.endOfText])
            #expect(pieces.map { Array($0.text.utf8) } == golden.words.map { Array($0.utf8) }, "case \(number)")
            #expect(pieces.map(\.tokens.count) == golden.counts, "case \(number)")
        }
    }

    /// Matrices agree to 1e-5 of values about one; times are exact.
    @Test func matricesPathsAndWordsEqualTheReferences() {
        #expect(goldens.matrices.count == 22)
        var largest: Float = 0
        for (number, golden) in goldens.matrices.enumerated() {
            let job = AlignmentJob(
                seek: 0, size: golden.frames, startSequence: [301, 302, 306], text: golden.text, noTimestamps: 310,
                endOfText: 300)
            let tokens = job.tokens.count
            let matrix = golden.attention.scores(tokens: tokens).withUnsafeBufferPointer {
                AlignmentMatrix(
                    scores: $0, shape: golden.attention.shape(tokens: tokens), positions: job.positions,
                    rows: job.rows)
            }
            #expect(matrix.values.map(\.isNaN) == golden.matrix.map { $0 == nil }, "case \(number)")
            for (value, wanted) in zip(matrix.values, golden.matrix) {
                if let wanted { largest = max(largest, abs(value - wanted)) }
            }
            // Numbers of a row are the same where the reference leaves the matrix.
            let path = DynamicTimeWarping.path(through: matrix)
            #expect(path.map(\.row) == golden.rows, "case \(number)")
            #expect(path.map(\.column) == golden.columns.map { max(0, $0) }, "case \(number)")

            let words = WordTiming.words(
                of: job, golden.attention.alignment(of: job, special: coder.special),
                splitter: WordSplitter(language: "en", coder: coder))
            #expect(words.map(\.text) == golden.words.map(\.text), "case \(number)")
            for (word, wanted) in zip(words, golden.words) {
                #expect([word.start, word.end] == wanted.times[..<2].map { max(0, $0) }, "case \(number)")
                #expect(abs(word.probability - wanted.times[2]) < 1e-6, "case \(number)")
            }
        }
        #expect(largest < 1e-5)
        print("alignment matrices: largest difference \(largest)")
    }
}
