/// Works for so many seconds at most.
///
/// - Throws: what `late` makes when the time is over, and what `work` throws.
func within<Value: Sendable>(
    seconds: Double?, orThrow late: @autoclosure @escaping @Sendable () -> any Error,
    _ work: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    guard let seconds else { return try await work() }
    return try await withThrowingTaskGroup(of: Value?.self) { group in
        group.addTask { try await work() }
        group.addTask {
            try await Task.sleep(for: .seconds(seconds))
            return nil
        }
        defer { group.cancelAll() }
        guard let value = try await group.next() ?? nil else { throw late() }
        return value
    }
}
