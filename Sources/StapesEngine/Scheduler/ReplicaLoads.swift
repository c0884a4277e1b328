/// Which of an engine's replicas gets which window. Integers only: it knows no device and no clock.
///
/// A window goes where it has been before: there its keys and values are, or its encoding is under way. Any other goes
/// where there is least to do before it, counted in rows, which is a heuristic: how long a row will run nobody knows.
package struct ReplicaLoads: Sendable {
    /// A window's work, as far as it matters here.
    package struct Work: Sendable, Hashable {
        package let key: WindowKey
        package let rows: Int
        package let priority: Int

        package init(key: WindowKey, rows: Int = 1, priority: Int = 0) {
            self.key = key
            self.rows = rows
            self.priority = priority
        }
    }

    private struct Replica {
        /// Rows by priority.
        var rows: [Int: Int] = [:]
        var isLost = false

        func rows(before priority: Int) -> Int { rows.reduce(0) { $1.key <= priority ? $0 + $1.value : $0 } }
        var allRows: Int { rows.values.reduce(0, +) }
    }

    private var replicas: [Replica]
    private let rowsOfReplica: Int
    /// Where windows went, those named lately and those named before: with `mostHomes` of the first the second are
    /// forgotten.
    private var homes: [WindowKey: Int] = [:]
    private var olderHomes: [WindowKey: Int] = [:]

    /// More windows than a replica keeps for nobody.
    private static let mostHomes = 4096

    /// - Parameter rows: of a decode step of each.
    package init(count: Int, rows: Int) {
        replicas = Array(repeating: Replica(), count: count)
        rowsOfReplica = rows
    }

    /// Rows that every replica has to do; all zero when nothing runs.
    package var rows: [Int] { replicas.map(\.allRows) }

    /// Windows that are remembered.
    package var homeCount: Int { homes.count + olderHomes.count }

    /// Chooses a replica for a window and counts it there. Nil if all are lost.
    package mutating func begin(_ work: Work) -> Int? {
        guard let chosen = choose(work) else { return nil }
        if homes[work.key] == nil, homes.count >= Self.mostHomes { (homes, olderHomes) = ([:], homes) }
        homes[work.key] = chosen
        replicas[chosen].rows[work.priority, default: 0] += work.rows
        return chosen
    }

    /// A window is done, whatever came of it.
    package mutating func end(_ work: Work, at index: Int) {
        let rest = replicas[index].rows[work.priority, default: 0] - work.rows
        precondition(rest >= 0, "a window ended that was not begun")
        replicas[index].rows[work.priority] = rest == 0 ? nil : rest
    }

    /// Nothing is given to it any more.
    package mutating func lose(_ index: Int) { replicas[index].isLost = true }

    private func choose(_ work: Work) -> Int? {
        let alive = replicas.indices.filter { !replicas[$0].isLost }
        // What goes after it does not delay it, but tells two apart that are alike otherwise.
        func load(_ index: Int) -> (Int, Int) {
            (replicas[index].rows(before: work.priority), replicas[index].allRows)
        }
        guard let least = alive.min(by: { load($0) < load($1) }) else { return nil }
        guard let home = homes[work.key] ?? olderHomes[work.key], !replicas[home].isLost else { return least }
        // A batch more to do is more than encoding the window once again.
        return load(home).0 < load(least).0 + rowsOfReplica ? home : least
    }
}
