import StapesDecoding
import StapesEngine
import StapesMetrics
import StapesModel
import Synchronization

/// The engine's loop without a thread of its own: a step is made when the test says so, and every state can be seen.
final class LoopWorld {
    typealias Answer = Result<WindowOutcome, EngineError>

    private(set) var loop: EngineLoop
    let metrics = MetricsRegistry()
    private let answers = Answers()
    private var submitted = 0

    private final class Answers: Sendable {
        let values = Mutex<[SequenceID: Answer]>([:])
    }

    /// - Parameter limits: what there is to share out; nil follows from the configuration.
    init(_ configuration: EngineConfiguration, limits: SchedulerLimits? = nil) throws {
        var configuration = configuration
        configuration.metrics = metrics
        // Steps are many and small, and other tests may run beside them.
        configuration.threads = 1
        guard case .random(let shape, let seed) = configuration.model else {
            throw EngineError(.model, "tests of the loop run on random weights")
        }
        loop = try EngineLoop(configuration, checkpoint: .random(shape, seed: seed), limits: limits)
    }

    @discardableResult func submit(_ request: WindowRequest) -> SequenceID {
        submitted += 1
        let id = SequenceID(submitted)
        loop.submit(id, request) { [answers] answer in answers.values.withLock { $0[id] = answer } }
        return id
    }

    func submit(_ requests: [WindowRequest]) -> [SequenceID] { requests.map { submit($0) } }

    func cancel(_ id: SequenceID) { loop.cancel(id) }

    func step(_ count: Int = 1) { for _ in 0..<count { loop.step() } }

    /// Steps until nothing is left to do, a hundred thousand times at most.
    func drain() {
        var steps = 0
        while !loop.isIdle, steps < 100_000 {
            loop.step()
            steps += 1
        }
    }

    func state(of id: SequenceID) -> ScheduledSequence.State? { loop.scheduler[id]?.state }

    func answer(to id: SequenceID) -> Answer? { answers.values.withLock { $0[id] } }

    func isOpen(_ id: SequenceID) -> Bool { answer(to: id).map { _ in false } ?? true }

    /// The transcript of an answered sequence; nil for a failure or anything else.
    func transcript(of id: SequenceID) -> WindowResult? {
        guard case .success(let outcome) = answer(to: id), case .transcript(let result) = outcome.answer else {
            return nil
        }
        return result
    }

    func failure(of id: SequenceID) -> EngineError.Code? {
        guard case .failure(let error) = answer(to: id) else { return nil }
        return error.code
    }

    /// Forgets the answers, of which long tests get many.
    func forget() { answers.values.withLock { $0.removeAll() } }
}

extension MetricsRegistry {
    func value(_ name: EngineMetricName, _ dimensions: KeyValuePairs<String, String> = [:]) -> Int {
        Int(value(name.rawValue, dimensions) ?? -1)
    }

    /// Steps of a plane that were replayed, and all that were not, whatever the reason.
    func replays(_ plane: String) -> Int { value(.graphReplays, ["plane": plane]) }

    func eagerSteps(_ plane: String) -> Int {
        EagerReason.allCases.reduce(0) { $0 + value(.eagerSteps, ["plane": plane, "reason": $1.rawValue]) }
    }
}
