import Metrics

/// What the engine tells about its work, through swift-metrics.
///
/// Handles are made once: telling costs an addition and no memory.
struct EngineMetrics {
    enum Plane: String, Sendable, Hashable, CaseIterable {
        case encoder
        case prefill
        case decode
    }

    /// How a window's work ended.
    enum WindowEnd: String, Sendable, Hashable, CaseIterable {
        case ok
        case cancelled
        case failed

        init(_ result: Result<WindowOutcome, EngineError>) {
            switch result {
            case .success: self = .ok
            case .failure(let error): self = error.code == .cancelled ? .cancelled : .failed
            }
        }
    }

    private let factory: any MetricsFactory
    private let gaugeDimensions: [(String, String)]
    private let replays: [Plane: Counter]
    private let eagerSteps: [Plane: [EagerReason: Counter]]
    private let paddingRows: Counter
    private let lateRows: Counter
    private let planRebuilds: Counter
    private let waitingWindows: Gauge
    private let waitSeconds: Metrics.Timer
    private let encodeSeconds: Metrics.Timer
    private let prefillSeconds: Metrics.Timer
    private let decodeSeconds: Metrics.Timer
    private let decodeRows: Recorder
    private let encodedWindows: Counter
    private let tokens: Counter
    private let finishedWindows: [WindowEnd: Counter]
    private let windowHits: Counter
    private let windowMisses: Counter
    private let prefixHits: Counter
    private let prefixMisses: Counter
    private let cachedBytes: Gauge
    private let usedBlocks: Gauge
    private let usedPages: Gauge

    /// - Parameter gaugeDimensions: tell the gauges of several loops apart, each of which tells of itself; what is counted
    ///   is counted over all.
    init(factory: any MetricsFactory, gaugeDimensions: [(String, String)] = []) {
        self.factory = factory
        self.gaugeDimensions = gaugeDimensions
        func counter(_ name: EngineMetricName, _ dimensions: [(String, String)] = []) -> Counter {
            Counter(label: name.rawValue, dimensions: dimensions, factory: factory)
        }
        func gauge(_ name: EngineMetricName) -> Gauge {
            Gauge(label: name.rawValue, dimensions: gaugeDimensions, factory: factory)
        }
        func timer(_ name: EngineMetricName) -> Metrics.Timer {
            Metrics.Timer(label: name.rawValue, dimensions: [], factory: factory)
        }
        func perPlane<Value>(_ make: (Plane) -> Value) -> [Plane: Value] {
            Dictionary(uniqueKeysWithValues: Plane.allCases.map { ($0, make($0)) })
        }
        replays = perPlane { counter(.graphReplays, [("plane", $0.rawValue)]) }
        eagerSteps = perPlane { plane in
            Dictionary(
                uniqueKeysWithValues: EagerReason.allCases.map {
                    ($0, counter(.eagerSteps, [("plane", plane.rawValue), ("reason", $0.rawValue)]))
                })
        }
        paddingRows = counter(.paddingRows)
        lateRows = counter(.lateRows)
        planRebuilds = counter(.planRebuilds)
        waitingWindows = gauge(.waitingWindows)
        waitSeconds = timer(.windowWait)
        encodeSeconds = timer(.encode)
        prefillSeconds = timer(.prefill)
        decodeSeconds = timer(.decodeStep)
        decodeRows = Recorder(
            label: EngineMetricName.decodeRows.rawValue, dimensions: [], aggregate: true, factory: factory)
        encodedWindows = counter(.encodedWindows)
        tokens = counter(.tokens)
        finishedWindows = Dictionary(
            uniqueKeysWithValues: WindowEnd.allCases.map {
                ($0, counter(.finishedWindows, [("result", $0.rawValue)]))
            })
        windowHits = counter(.windowLookups, [("result", "hit")])
        windowMisses = counter(.windowLookups, [("result", "miss")])
        prefixHits = counter(.prefixLookups, [("result", "hit")])
        prefixMisses = counter(.prefixLookups, [("result", "miss")])
        cachedBytes = gauge(.cachedBytes)
        usedBlocks = gauge(.usedBlocks)
        usedPages = gauge(.usedPages)
    }

    func captured(_ byteCount: Int, plane: Plane) {
        Gauge(
            label: EngineMetricName.graphBytes.rawValue, dimensions: [("plane", plane.rawValue)] + gaugeDimensions,
            factory: factory
        ).record(byteCount)
    }

    func step(_ route: DecoderPlane.Route, plane: Plane, live: Int) {
        switch route {
        case .graph(let size):
            replays[plane]?.increment()
            if plane == .decode, size.rows > live { paddingRows.increment(by: size.rows - live) }
        case .eager(let reason): eagerSteps[plane]?[reason]?.increment()
        }
    }

    func waiting(windows: Int) { waitingWindows.record(windows) }

    /// A window's work begins.
    func began(afterWaiting seconds: Double) { waitSeconds.recordNanoseconds(nanoseconds(seconds)) }

    func encoded(windows: Int, seconds: Double) {
        encodedWindows.increment(by: windows)
        encodeSeconds.recordNanoseconds(nanoseconds(seconds))
    }

    func prefilled(seconds: Double) { prefillSeconds.recordNanoseconds(nanoseconds(seconds)) }

    func decodeStep(seconds: Double, rows: Int) {
        decodeSeconds.recordNanoseconds(nanoseconds(seconds))
        decodeRows.record(rows)
    }

    func sampled(tokens count: Int) { if count > 0 { tokens.increment(by: count) } }

    func finished(_ end: WindowEnd) { finishedWindows[end]?.increment() }

    private func nanoseconds(_ seconds: Double) -> Int64 { Int64(seconds * 1e9) }

    /// Rows of a step that was launched before their sequences were known to have ended.
    func late(rows: Int) { if rows > 0 { lateRows.increment(by: rows) } }

    func rebuiltPlans(_ count: Int) { if count > 0 { planRebuilds.increment(by: count) } }

    /// What changed between two looks at the scheduler.
    func caches(_ before: Scheduler.CacheCounts, _ after: Scheduler.CacheCounts) {
        guard before != after else { return }
        func add(_ counter: Counter, _ difference: Int) { if difference > 0 { counter.increment(by: difference) } }
        add(windowHits, after.windowHits - before.windowHits)
        add(windowMisses, after.windowMisses - before.windowMisses)
        add(prefixHits, after.prefixHits - before.prefixHits)
        add(prefixMisses, after.prefixMisses - before.prefixMisses)
        cachedBytes.record(after.idleBytes)
        usedBlocks.record(after.usedBlocks)
        usedPages.record(after.usedPages)
    }
}

/// The names under which the engine's metrics are found. All are counted from the engine's start. Of an engine with
/// several devices the gauges have a `device` each, such as `cuda:1`; the others are sums.
package enum EngineMetricName: String, Sendable, CaseIterable {
    /// Steps that were replayed; `plane`.
    case graphReplays = "stapes_graph_replays_total"
    /// Steps that were not; `plane` and `reason`.
    case eagerSteps = "stapes_eager_steps_total"
    /// Decode rows that were computed to fill up a graph.
    case paddingRows = "stapes_padding_rows_total"
    /// Decode rows that were launched ahead for sequences that had ended.
    case lateRows = "stapes_late_rows_total"
    /// How often decode's rows and cross lengths were planned: once a change of members.
    case planRebuilds = "stapes_plan_rebuilds_total"
    /// Bytes of recorded calls; `plane`.
    case graphBytes = "stapes_graph_bytes"
    /// Windows that are not begun yet.
    case waitingWindows = "stapes_windows_waiting"
    /// Windows by how long they waited, from their submission to their encoding, or to their prompt's run where nothing
    /// had to be encoded.
    case windowWait = "stapes_window_wait_seconds"
    /// Encodings by duration; one serves several windows.
    case encode = "stapes_encode_seconds"
    /// Runs of prompts by duration; one serves several windows.
    case prefill = "stapes_prefill_seconds"
    /// Decode steps by their rows, those that fill up a graph not counted.
    case decodeRows = "stapes_decode_rows"
    /// Windows that were encoded.
    case encodedWindows = "stapes_windows_encoded_total"
    /// Tokens that were sampled, the ends of text included; a step of a beam counts as one.
    case tokens = "stapes_tokens_sampled_total"
    /// Windows that were answered; `result`: ok, cancelled or failed.
    case finishedWindows = "stapes_windows_finished_total"
    /// Decode steps by duration.
    case decodeStep = "stapes_decode_step_seconds"
    /// Windows asked for, by whether their keys and values were there; `result`.
    case windowLookups = "stapes_window_lookups_total"
    /// Full pages of prompts asked for, by whether they were there; `result`.
    case prefixLookups = "stapes_prefix_page_lookups_total"
    /// Bytes of blocks and pages that keep what nobody uses.
    case cachedBytes = "stapes_cached_bytes"
    /// Blocks of the cross arena, and pages of the self arena, in use.
    case usedBlocks = "stapes_cross_blocks_used"
    case usedPages = "stapes_self_pages_used"
}

extension EngineMetricName {
    /// Bounds for the buckets of those that count by size and not by seconds of a common kind: steps from 50
    /// microseconds on, rows doubling.
    package static let bounds: [String: [Double]] = {
        let milliseconds = [0.05, 0.1, 0.2, 0.5, 1, 1.5, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 30, 50, 100, 200, 500, 1000]
        return [
            decodeStep.rawValue: milliseconds.map { $0 / 1000 }, decodeRows.rawValue: [1, 2, 4, 8, 16, 32, 64],
        ]
    }()
}
