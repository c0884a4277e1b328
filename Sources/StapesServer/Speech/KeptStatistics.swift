import Stapes
import Synchronization
import Tracing

/// The statistics that come with a file's last event.
final class KeptStatistics: Sendable {
    private let statistics = Mutex(TranscriptionStatistics())

    func set(_ value: TranscriptionStatistics) { statistics.withLock { $0 = value } }

    var value: TranscriptionStatistics { statistics.withLock { $0 } }
}

extension TranscriptionStatistics {
    /// Where the time went, for a span: the stages of several windows alternate and overlap, so they are sums.
    func describe(to attributes: inout SpanAttributes) {
        attributes["stapes.features.seconds"] = featureSeconds
        attributes["stapes.encode.seconds"] = encodeSeconds
        attributes["stapes.prefill.seconds"] = prefillSeconds
        attributes["stapes.decode.seconds"] = decodeSeconds
        attributes["stapes.windows"] = windows
        attributes["stapes.tokens"] = tokens
    }
}
