import CKernels

/// Runs operations in order, or records them into a graph. On the CPU an operation is done when `launch` returns.
///
/// A stream belongs to one thread, whose team of threads it owns.
package final class Stream {
    package let kernels: KernelTable
    package let threads: Int
    private let team: OpaquePointer
    private var recording: Recording?

    /// - Throws: `outOfMemory`.
    package init(kernels: KernelTable, threads: Int) throws(DeviceError) {
        precondition(threads > 0, "a stream needs a thread")
        guard let team = stapes_team_create(Int32(threads)) else {
            throw DeviceError(.outOfMemory, "no memory for \(threads) threads")
        }
        self.kernels = kernels
        self.team = team
        self.threads = Int(stapes_team_threads(team))
    }

    deinit { stapes_team_destroy(team) }

    /// Runs `kernel` on the team, or records it. `arguments` are read before this returns; what they point to is not,
    /// while a graph is recorded.
    package func launch<Arguments: BitwiseCopyable>(_ kernel: stapes_kernel, _ arguments: Arguments) {
        if recording != nil {
            recording?.append(kernel, arguments)
        } else {
            withUnsafePointer(to: arguments) { stapes_team_run(team, kernel, $0) }
        }
    }

    /// Records what `body` launches instead of running it.
    package func capture<Failure: Error>(_ body: () throws(Failure) -> Void) throws(Failure) -> Graph {
        precondition(recording == nil, "a stream records one graph at a time")
        recording = Recording()
        defer { recording = nil }
        try body()
        guard let recording else { preconditionFailure("the recording began above") }
        return Graph(recording)
    }

    /// Runs a recorded graph.
    package func replay(_ graph: borrowing Graph) {
        precondition(recording == nil, "a graph is not replayed while another is recorded")
        graph.replay(on: team)
    }
}
