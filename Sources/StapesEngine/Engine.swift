import StapesDevice
import Synchronization

/// The engine as its callers see it: windows in, outcomes out, from any task. It is one replica of the model or several,
/// each with a device of its own; which of them a window goes to is the engine's choice.
package final class Engine: Sendable {
    package let description: EngineDescription
    private let replicas: [Replica]
    private let nextJob = Atomic<Int>(0)
    private let loads: Mutex<ReplicaLoads>

    /// Loads the model onto every device, side by side, and returns when it is ready.
    ///
    /// - Throws: `model` with the checkpoint's error, `unavailable`, `device`.
    package init(_ configuration: EngineConfiguration) async throws(EngineError) {
        replicas = try await Self.start(configuration)
        loads = Mutex(ReplicaLoads(count: replicas.count, rows: configuration.maximumRows))
        var description = try EngineDescription(configuration, model: replicas[0].description.model)
        description.capturedGraphBytes = replicas.reduce(0) { $0 + ($1.description.capturedGraphBytes ?? 0) }
        self.description = description
    }

    private static func start(_ configuration: EngineConfiguration) async throws(EngineError) -> [Replica] {
        let entrance =
            configuration.devices.count > 1 ? Entrance(limit: configuration.maximumWaitingWindows) : nil
        let parts = configuration.devices.map { device in
            var part = configuration
            part.devices = [device]
            return part
        }
        let results = await sideBySide(parts) { part throws(EngineError) in
            try await Replica(part, entrance: entrance)
        }
        var replicas: [Replica] = []
        for result in results { replicas.append(try result.get()) }
        return replicas
    }

    /// Stops taking requests; those that are there are finished.
    package func close() { for replica in replicas { replica.close() } }

    /// A name for what comes next, whose windows take turns with those of other jobs. The first of them may be refused
    /// as `overloaded`; once one was let in, none is.
    ///
    /// - Parameter priority: lower goes first; see `Job`. Among the windows of one replica that is strict, among those
    ///   of several it holds about.
    package func beginJob(priority: Int = 0) -> Job {
        Job(number: nextJob.wrappingAdd(1, ordering: .relaxed).newValue, priority: priority)
    }

    /// No more windows come of a job.
    package func end(_ job: Job) { replicas[0].end(job) }

    /// Works on one window. Cancelling the task stops the work at the next step.
    ///
    /// - Throws: `invalidRequest`, `overloaded`, `cancelled`, `stopped`, `device`, `notANumber`.
    package func run(_ request: WindowRequest) async throws(EngineError) -> WindowOutcome {
        guard replicas.count > 1 else { return try await replicas[0].run(request) }
        let work = ReplicaLoads.Work(request)
        guard let index = loads.withLock({ $0.begin(work) }) else {
            throw EngineError(.device, "all devices are lost")
        }
        do throws(EngineError) {
            let outcome = try await replicas[index].run(request)
            loads.withLock { $0.end(work, at: index) }
            return outcome
        } catch {
            loads.withLock {
                $0.end(work, at: index)
                if (error.cause as? DeviceError)?.code == .lost { $0.lose(index) }
            }
            throw error
        }
    }

    /// Works on some windows side by side. The first failure takes the others back.
    ///
    /// - Throws: as for one.
    package func run(_ requests: [WindowRequest]) async throws(EngineError) -> [WindowOutcome] {
        if requests.count == 1 { return [try await run(requests[0])] }
        let results = await sideBySide(requests) { request throws(EngineError) in try await self.run(request) }
        // The cause is reported, not the cancellations that followed it.
        for case .failure(let error) in results where error.code != .cancelled { throw error }
        var outcomes: [WindowOutcome] = []
        for result in results { outcomes.append(try result.get()) }
        return outcomes
    }

    /// What the engine holds between two steps.
    package func holdings() async -> EngineHoldings {
        var sum = EngineHoldings()
        for replica in replicas { sum = sum + (await replica.holdings()) }
        return sum
    }

    /// Rows that were given to each replica and have not been answered, where there are several; all zero when nothing
    /// runs.
    package var replicaRows: [Int] { loads.withLock { $0.rows } }
}

/// Works on some things at once. The first failure cancels the others.
private func sideBySide<Input: Sendable, Output: Sendable>(
    _ inputs: [Input], _ work: @escaping @Sendable (Input) async throws(EngineError) -> Output
) async -> [Result<Output, EngineError>] {
    await withTaskGroup(of: (Int, Result<Output, EngineError>).self) { group in
        for (index, input) in inputs.enumerated() {
            group.addTask {
                do throws(EngineError) {
                    return (index, .success(try await work(input)))
                } catch {
                    return (index, .failure(error))
                }
            }
        }
        var results: [(Int, Result<Output, EngineError>)] = []
        for await result in group {
            results.append(result)
            if case .failure = result.1 { group.cancelAll() }
        }
        return results.sorted { $0.0 < $1.0 }.map(\.1)
    }
}

extension ReplicaLoads.Work {
    init(_ request: WindowRequest) {
        var rows = 1
        // Not checked yet: what is impossible the replica refuses.
        if case .transcript(_, let sampling, _) = request.purpose {
            rows = min(max(1, sampling.beamSize), SamplingOptions.largestBeam)
        }
        self.init(key: request.key, rows: rows, priority: request.job.priority)
    }
}
