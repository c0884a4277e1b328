import Stapes
import StapesAudio
import StapesEngine
import StapesTesting
import Testing

/// The project's own recording as samples, and what tests of streams share.
enum Speech {
    static func samples(times: Int = 1) throws -> [Float] {
        let samples = try AudioDecoder.decode(SampleTests.sample).samples
        return (0..<times).flatMap { _ in samples }
    }

    /// The samples in chunks.
    static func chunks(_ samples: [Float], of size: Int) -> AsyncStream<[Float]> {
        AsyncStream { continuation in
            var start = 0
            while start < samples.count {
                continuation.yield(Array(samples[start..<min(start + size, samples.count)]))
                start += size
            }
            continuation.finish()
        }
    }

    /// The letters of the words, for texts that may be punctuated otherwise.
    static func words(_ text: String) -> [String] {
        text.lowercased().filter { $0.isLetter || $0 == " " || $0 == "'" }.split(separator: " ").map(String.init)
    }

    /// The engine lets go of everything soon.
    static func expectIdle(_ transcriber: Transcriber) async throws {
        let start = ContinuousClock.now
        while await transcriber.holdings() != EngineHoldings(), ContinuousClock.now - start < .seconds(5) {
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(await transcriber.holdings() == EngineHoldings())
    }
}
