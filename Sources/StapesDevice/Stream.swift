import CKernels

/// Runs operations in order, or records them into a graph. On the CPU an operation is done when `launch` returns.
///
/// A stream belongs to one thread, whose team of threads it owns.
package final class Stream {
    package let kernels: KernelTable
    package let threads: Int
    private let team: OpaquePointer
    private var recording: Recording?
    /// Whether calls are recorded instead of run.
    package var isRecording: Bool { recording != nil }
    /// Told of every call, if there is one.
    package var trace: CallTrace?

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
        } else if let trace {
            trace.append(launchOf: kernel)
            trace.time(kernel) { withUnsafePointer(to: arguments) { stapes_team_run(team, kernel, $0) } }
        } else {
            withUnsafePointer(to: arguments) { stapes_team_run(team, kernel, $0) }
        }
    }

    /// Copies device memory to the host, after all that was launched before. What the host learns from the device it
    /// learns here and nowhere else.
    package func read<T: BitwiseCopyable>(_ source: UnsafePointer<T>, count: Int, into target: UnsafeMutablePointer<T>)
    {
        precondition(recording == nil, "the host cannot read while a graph is recorded")
        trace?.append(.read(byteCount: count * MemoryLayout<T>.stride))
        target.update(from: source, count: count)
    }

    /// Copies host memory to the device, after all that was launched before.
    package func write<T: BitwiseCopyable>(_ source: UnsafePointer<T>, count: Int, to target: UnsafeMutablePointer<T>) {
        precondition(recording == nil, "what a graph is given goes through its slots")
        trace?.append(.write(byteCount: count * MemoryLayout<T>.stride))
        target.update(from: source, count: count)
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
        trace?.append(.replay(calls: graph.callCount))
        graph.replay(on: team)
    }
}
