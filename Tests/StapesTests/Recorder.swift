import Stapes
import Synchronization

/// Keeps the events of one file.
final class Recorder: Sendable {
    private let events = Mutex<[TranscriptionEvent]>([])

    func record(_ event: TranscriptionEvent) { events.withLock { $0.append(event) } }

    var statistics: TranscriptionStatistics? {
        events.withLock { events in
            for case .statistics(let statistics) in events { return statistics }
            return nil
        }
    }
}
