import Foundation
import Synchronization

/// A closed loop: so many workers, each with its own connection, each with one request under way at any time.
///
/// A worker starts no request after the end of the duration, or once every file was sent as often as was asked for;
/// those under way are waited for and count.
package struct LoadRun: Sendable {
    package let items: [LoadItem]
    package let target: ServeTarget
    package let transport: LoadTransport
    package let format: ResponseFormat
    /// How long an answer is waited for.
    package let timeout: Duration
    /// The share of requests that is hung up on at a random moment, 0 to 1.
    package let abandonShare: Double
    private let seed: UInt64
    /// Indices of items; every worker walks it in a circle.
    private let order: [Int]

    /// A refused worker comes back after this, unless the server names a time: without it, a full server would be kept
    /// busy with refusing.
    private static let pauseAfterFailure = 0.1

    package init(
        items: [LoadItem], target: ServeTarget, transport: LoadTransport, format: ResponseFormat,
        timeout: Duration = .seconds(600), abandonShare: Double = 0, seed: UInt64 = 0
    ) {
        self.items = items
        self.target = target
        self.transport = transport
        self.format = format
        self.timeout = timeout
        self.abandonShare = abandonShare
        self.seed = seed
        var generator = RepeatableGenerator(seed: seed)
        order = Array(items.indices).shuffled(using: &generator)
    }

    /// One request, so that a server that cannot be talked to at all is told from a slow one.
    package func probe() async -> LoadSample {
        let samples = await threads(1) { _ in
            let connection = transport.connection(to: target)
            return [sample(order[0], on: connection, until: .now + timeout, mayAbandon: false).sample]
        }
        return samples[0]
    }

    /// - Parameter passes: how often each file is sent, by whichever worker is free; nil: as often as there is time,
    ///   every worker in its own order.
    /// - Returns: the samples, by their ends.
    package func run(workers: Int, duration: Duration, passes: Int? = nil) async -> [LoadSample] {
        let end = ContinuousClock.now + duration
        let sent = Sent(limit: passes.map { $0 * order.count })
        let samples = await threads(workers) { work($0, of: workers, until: end, sent) }
        return samples.sorted { $0.end < $1.end }
    }

    /// Requests that all workers share out among them.
    private final class Sent: Sendable {
        private let count = Atomic<Int>(0)
        let limit: Int?

        init(limit: Int?) { self.limit = limit }

        /// The next request's number; nil after the last.
        func next() -> Int? {
            let number = count.wrappingAdd(1, ordering: .relaxed).oldValue
            return limit.map { number < $0 } ?? true ? number : nil
        }
    }

    private func work(
        _ worker: Int, of workers: Int, until end: ContinuousClock.Instant, _ sent: Sent
    ) -> [LoadSample] {
        let connection = transport.connection(to: target)
        var generator = RepeatableGenerator(seed: seed &+ UInt64(worker) &+ 1)
        var position = worker * order.count / workers
        var samples: [LoadSample] = []
        var usualSeconds = 1.0
        while ContinuousClock.now < end, let number = sent.next() {
            if sent.limit != nil { position = number }
            let abandons = Double.random(in: 0..<1, using: &generator) < abandonShare
            let patience =
                abandons ? Duration.seconds(Double.random(in: 0...usualSeconds, using: &generator)) : timeout
            let (sample, retryAfter) = sample(
                order[position % order.count], on: connection, until: .now + patience, mayAbandon: abandons)
            position += 1
            samples.append(sample)
            switch sample.outcome {
            case .text: usualSeconds = sample.seconds
            case .abandoned: break
            case .failed:
                let rest = ContinuousClock.now.duration(to: end).seconds
                let pause = min(retryAfter ?? Self.pauseAfterFailure, rest)
                if pause > 0 { Thread.sleep(forTimeInterval: pause) }
            }
        }
        return samples
    }

    private func sample(
        _ index: Int, on connection: any LoadConnection, until deadline: ContinuousClock.Instant, mayAbandon: Bool
    ) -> (sample: LoadSample, retryAfterSeconds: Double?) {
        let start = ContinuousClock.now
        let outcome: LoadSample.Outcome
        var retryAfter: Double?
        do throws(TransportError) {
            let answer = try connection.exchange(items[index].request, until: deadline)
            retryAfter = answer.retryAfterSeconds
            if answer.status != 200 {
                outcome = .failed(status: answer.status, cause: AnswerReading.refusal(answer))
            } else if let text = AnswerReading.text(answer.body, format: format) {
                outcome = .text(text)
            } else {
                outcome = .failed(status: answer.status, cause: "the answer has no text in the form that was asked for")
            }
        } catch {
            outcome =
                mayAbandon && error.code == .timedOut ? .abandoned : .failed(status: 0, cause: error.message)
        }
        return (LoadSample(item: index, start: start, end: .now, outcome: outcome), retryAfter)
    }

    /// Blocking work on threads of its own: the pool of Swift's tasks has only one thread a core.
    private func threads(
        _ count: Int, _ work: @escaping @Sendable (_ index: Int) -> [LoadSample]
    ) async -> [LoadSample] {
        await withCheckedContinuation { continuation in
            let join = ThreadJoin(count, continuation)
            for index in 0..<count {
                Thread.detachNewThread { join.add(work(index)) }
            }
        }
    }
}

/// Collects what threads found; the last one ends the wait.
private final class ThreadJoin: Sendable {
    private let state: Mutex<(samples: [LoadSample], running: Int)>
    private let continuation: CheckedContinuation<[LoadSample], Never>

    init(_ count: Int, _ continuation: CheckedContinuation<[LoadSample], Never>) {
        state = Mutex(([], count))
        self.continuation = continuation
    }

    func add(_ samples: [LoadSample]) {
        let all: [LoadSample]? = state.withLock { state in
            state.samples += samples
            state.running -= 1
            return state.running == 0 ? state.samples : nil
        }
        if let all { continuation.resume(returning: all) }
    }
}
