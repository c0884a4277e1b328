import Glibc
import Synchronization

/// Threads that take the processor from everyone else until they are stopped.
final class BusyThreads: Sendable {
    private final class Flag: Sendable { let stop = Atomic<Bool>(false) }
    private let flag = Flag()
    private let threads: [pthread_t]

    init(_ count: Int) {
        var threads: [pthread_t] = []
        for _ in 0..<count {
            var thread = pthread_t()
            let argument = Unmanaged.passRetained(flag).toOpaque()
            let status = pthread_create(
                &thread, nil,
                { argument in
                    guard let argument else { return nil }
                    let flag = Unmanaged<Flag>.fromOpaque(argument).takeRetainedValue()
                    while !flag.stop.load(ordering: .relaxed) {}
                    return nil
                }, argument)
            if status == 0 { threads.append(thread) }
        }
        self.threads = threads
    }

    deinit {
        flag.stop.store(true, ordering: .relaxed)
        for thread in threads { pthread_join(thread, nil) }
    }
}
