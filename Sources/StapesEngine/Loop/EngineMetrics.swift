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

    private let factory: any MetricsFactory
    private let replays: [Plane: Counter]
    private let eagerSteps: [Plane: [EagerReason: Counter]]
    private let paddingRows: Counter
    private let lateRows: Counter
    private let planRebuilds: Counter
    private let decodeSeconds: Metrics.Timer
    private let windowHits: Counter
    private let windowMisses: Counter
    private let prefixHits: Counter
    private let prefixMisses: Counter
    private let cachedBytes: Gauge
    private let usedBlocks: Gauge
    private let usedPages: Gauge

    init(factory: any MetricsFactory) {
        self.factory = factory
        func counter(_ name: EngineMetricName, _ dimensions: [(String, String)] = []) -> Counter {
            Counter(label: name.rawValue, dimensions: dimensions, factory: factory)
        }
        func gauge(_ name: EngineMetricName) -> Gauge {
            Gauge(label: name.rawValue, dimensions: [], factory: factory)
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
        decodeSeconds = Metrics.Timer(label: EngineMetricName.decodeStep.rawValue, dimensions: [], factory: factory)
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
            label: EngineMetricName.graphBytes.rawValue, dimensions: [("plane", plane.rawValue)], factory: factory
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

    func decodeStep(seconds: Double) { decodeSeconds.recordNanoseconds(Int64(seconds * 1e9)) }

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

/// The names under which the engine's metrics are found. All are counted from the engine's start.
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
