import Foundation
import Stapes
import StapesTesting
import Testing

/// How a transcriber does with many short clips in flight. Run on its own, with STAPES_TIMINGS=1, and look at what it
/// prints.
@Suite(
    .enabled(
        if: ProcessInfo.processInfo.environment["STAPES_TIMINGS"] != nil && SpeechData.isPresent, "needs STAPES_TIMINGS"
    ),
    .serialized)
struct LoadTimings {
    private static let seconds = 8.0

    @Test(arguments: ["tiny.en", "base"], [8, 32]) func clipsInFlight(model: String, count: Int) async throws {
        let clips = try SpeechData.manifest().filter { $0.category == "english_short" }
        let sources = try clips.map { AudioSource.bytes(try SpeechData.bytes($0.audio)) }
        let transcriber = try await Transcriber(
            TranscriberConfiguration(
                modelDirectory: model == "base" ? TestModels.base : TestModels.tinyEnglish, computeType: .float32,
                maximumBatchSize: 32, cacheByteCount: 0))
        let start = ContinuousClock.now
        let times = try await withThrowingTaskGroup(of: [Double].self) { group in
            for worker in 0..<count {
                group.addTask {
                    var (times, next): ([Double], Int) = ([], worker)
                    while (ContinuousClock.now - start) / .seconds(1) < Self.seconds {
                        let begin = ContinuousClock.now
                        _ = try await transcriber.transcribe(
                            sources[next % sources.count], options: TranscriptionOptions(language: "en"))
                        times.append((ContinuousClock.now - begin) / .seconds(1))
                        next += count
                    }
                    return times
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }.sorted()
        let wall = (ContinuousClock.now - start) / .seconds(1)
        func percentile(_ share: Double) -> String {
            String(format: "%.2f", times[min(times.count - 1, Int(share * Double(times.count)))])
        }
        print(
            "load: \(model), \(count) in flight: \(String(format: "%.2f", Double(times.count) / wall)) clips/s, "
                + "p50 \(percentile(0.5)) s, p95 \(percentile(0.95)) s, \(times.count) clips")
    }
}
