/// Works on `count` items in order, at most `limit` of them at the same time.
///
/// - Complexity: one task an item, started when another one ends.
func inFlight(
    _ count: Int, limit: Int, work: @escaping @Sendable (_ index: Int) async -> Void
) async {
    await withTaskGroup(of: Void.self) { group in
        for index in 0..<count {
            if index >= limit { await group.next() }
            group.addTask { await work(index) }
        }
    }
}
