import Synchronization

/// Whether the client at the other end of a connection is still there.
final class ClientPresence: Sendable {
    private struct State {
        var isGone = false
        var watchers: [Int: @Sendable () -> Void] = [:]
        var nextWatcher = 0
    }

    private let state = Mutex(State())

    var isGone: Bool { state.withLock { $0.isGone } }

    /// The client has closed the connection, or its half of it: a client that has asked and sends no more is not told
    /// apart from one that has left, since both look the same.
    func leave() {
        let watchers = state.withLock { state in
            state.isGone = true
            defer { state.watchers = [:] }
            return Array(state.watchers.values)
        }
        for watcher in watchers { watcher() }
    }

    /// Works, and cancels the work when the client leaves.
    ///
    /// - Throws: what `work` throws; `ClientGone` where that is a cancellation and the client has left.
    func cancelling<Value: Sendable>(_ work: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let task = Task { try await work() }
        let watcher = watch { task.cancel() }
        defer { unwatch(watcher) }
        do {
            return try await withTaskCancellationHandler {
                try await task.value
            } onCancel: {
                task.cancel()
            }
        } catch {
            // Whatever the work makes of its cancellation.
            if isGone { throw ClientGone() }
            throw error
        }
    }

    /// - Returns: the watcher's name; nil if the client has left, of which the watcher was told.
    private func watch(_ watcher: @escaping @Sendable () -> Void) -> Int? {
        let name = state.withLock { state -> Int? in
            guard !state.isGone else { return nil }
            state.nextWatcher += 1
            state.watchers[state.nextWatcher] = watcher
            return state.nextWatcher
        }
        if name == nil { watcher() }
        return name
    }

    private func unwatch(_ name: Int?) {
        guard let name else { return }
        state.withLock { _ = $0.watchers.removeValue(forKey: name) }
    }
}

/// There is nobody to answer any more.
struct ClientGone: Error {}
