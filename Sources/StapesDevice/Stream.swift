import CKernels

/// Runs operations in order, or records them into a graph. On the CPU an operation is done when `launch` returns; on a
/// GPU when the host has waited for it.
///
/// A stream belongs to one thread at a time. On the CPU it owns the team of threads that kernels run on.
package final class Stream {
    package let kernels: KernelTable
    package let threads: Int
    private let worker: Worker
    private var recording: Recording?
    /// Told of every call, if there is one.
    package var trace: CallTrace?

    private enum Worker {
        case team(OpaquePointer)
        case queue(CUDAQueue)
    }

    /// - Throws: `outOfMemory`.
    package init(kernels: KernelTable, threads: Int) throws(DeviceError) {
        precondition(threads > 0, "a stream needs a thread")
        guard let team = stapes_team_create(Int32(threads)) else {
            throw DeviceError(.outOfMemory, "no memory for \(threads) threads")
        }
        self.kernels = kernels
        worker = .team(team)
        self.threads = Int(stapes_team_threads(team))
    }

    init(kernels: KernelTable, queue: CUDAQueue) {
        self.kernels = kernels
        worker = .queue(queue)
        threads = 1
    }

    deinit {
        if case .team(let team) = worker { stapes_team_destroy(team) }
    }

    /// The GPU's queue, if this is a GPU's stream.
    var queue: CUDAQueue? {
        if case .queue(let queue) = worker { queue } else { nil }
    }

    /// Whether calls are recorded instead of run.
    package var isRecording: Bool { recording != nil || queue?.isCapturing == true }

    /// What operations see from outside: a GPU runs them while the host goes on.
    package var isAsynchronous: Bool { queue != nil }

    /// Runs `kernel`, or records it. `arguments` are read before this returns; what they point to is not, while a graph
    /// is recorded or on a GPU.
    package func launch<Arguments: BitwiseCopyable>(_ kernel: Kernel, _ arguments: Arguments) {
        switch (worker, kernel.code) {
        case (.team(let team), .cpu(let function)):
            if recording != nil {
                recording?.append(function, arguments)
            } else if let trace {
                trace.append(launchOf: kernel)
                trace.time(kernel) { withUnsafePointer(to: arguments) { stapes_team_run(team, function, $0) } }
            } else {
                withUnsafePointer(to: arguments) { stapes_team_run(team, function, $0) }
            }
        case (.queue(let queue), .cuda(let function)):
            traced([kernel], on: queue) { queue.launch(function, arguments) }
        case (_, .missing(let name)): preconditionFailure("this device has no operation '\(name)'")
        default: preconditionFailure("a kernel is launched on the device that it is for")
        }
    }

    /// Lets a library launch kernels of its own on a GPU, or record them. What it throws shows in `check`.
    ///
    /// - Parameters:
    ///   - kernels: what graphs, traces and profiles name them by; one or more.
    ///   - body: is given the driver's stream.
    package func launch(library kernels: [Kernel], _ body: (OpaquePointer) throws(DeviceError) -> Void) {
        guard let queue else { preconditionFailure("a library is called on the device that it is for") }
        traced(kernels, on: queue) { queue.launch(library: kernels.map(\.address), body) }
    }

    /// What libraries may be asked for on the stream's GPU.
    package var platform: CUDAPlatform? { queue?.context.platform }

    /// Lets a library copy to the device, outside graphs. `body` is given the driver's stream.
    package func prepare(library body: (OpaquePointer) throws(DeviceError) -> Void) throws(DeviceError) {
        guard let queue else { preconditionFailure("a library is called on the device that it is for") }
        precondition(!isRecording, "what a graph is given is prepared outside of it")
        try queue.prepare(library: body)
    }

    /// Tells the trace of an eager launch. The first of several kernels stands for the time of all.
    private func traced(_ kernels: [Kernel], on queue: CUDAQueue, _ launch: () -> Void) {
        guard !queue.isCapturing, let trace else { return launch() }
        for kernel in kernels { trace.append(launchOf: kernel) }
        trace.time(kernels[0]) {
            launch()
            if trace.timed { queue.synchronize() }
        }
    }

    /// Runs a C function on the team, or records it.
    package func launch<Arguments: BitwiseCopyable>(_ kernel: stapes_kernel, _ arguments: Arguments) {
        launch(Kernel(kernel), arguments)
    }

    /// Copies device memory to the host, after all that was launched before. What the host learns from the device it
    /// learns here and through `fetch`, and nowhere else.
    package func read<T: BitwiseCopyable>(_ source: UnsafePointer<T>, count: Int, into target: UnsafeMutablePointer<T>)
    {
        precondition(!isRecording, "the host cannot read while a graph is recorded")
        trace?.append(.read(byteCount: count * MemoryLayout<T>.stride))
        if let queue {
            queue.copyToHost(target, from: source, byteCount: count * MemoryLayout<T>.stride)
            queue.synchronize()
        } else {
            target.update(from: source, count: count)
        }
    }

    /// Begins to copy device memory to memory of the host that was made for this stream. It is there when a mark that
    /// was set behind it has been reached.
    package func fetch(_ source: UnsafeRawPointer, byteCount: Int, into target: UnsafeMutableRawPointer) {
        precondition(!isRecording, "the host cannot read while a graph is recorded")
        trace?.append(.read(byteCount: byteCount))
        if let queue {
            queue.copyToHost(target, from: source, byteCount: byteCount)
        } else {
            target.copyMemory(from: source, byteCount: byteCount)
        }
    }

    /// Copies host memory to the device, after all that was launched before. `source` is read before this returns.
    package func write<T: BitwiseCopyable>(_ source: UnsafePointer<T>, count: Int, to target: UnsafeMutablePointer<T>) {
        precondition(!isRecording, "what a graph is given goes through its slots")
        trace?.append(.write(byteCount: count * MemoryLayout<T>.stride))
        if let queue {
            queue.copyToDevice(target, from: source, byteCount: count * MemoryLayout<T>.stride)
        } else {
            target.update(from: source, count: count)
        }
    }

    /// Brings device memory to zeros. On the CPU that is done at once even while a graph is recorded: it is for what no
    /// graph writes.
    package func zero(_ target: UnsafeMutableRawPointer, byteCount: Int) {
        if let queue {
            queue.zero(target, byteCount: byteCount)
        } else {
            target.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
        }
    }

    /// Sets `mark` behind all that was launched before.
    package func set(_ mark: StreamMark) {
        mark.set()
    }

    /// Waits until all that was launched is done.
    package func synchronize() { queue?.synchronize() }

    /// - Throws: `failed`, once, if the GPU could not do something that it was told since the last time.
    package func check() throws(DeviceError) {
        if let failure = queue?.takeFailure() { throw failure }
    }

    /// Records what `body` launches instead of running it.
    ///
    /// - Throws: what `body` throws, and `failed` if the driver refuses the graph.
    package func capture(_ body: () throws(DeviceError) -> Void) throws(DeviceError) -> Graph {
        precondition(!isRecording, "a stream records one graph at a time")
        if let queue { return Graph(try queue.capture(body)) }
        recording = Recording()
        defer { recording = nil }
        try body()
        guard let recording else { preconditionFailure("the recording began above") }
        return Graph(recording)
    }

    /// Runs a recorded graph.
    package func replay(_ graph: borrowing Graph) {
        precondition(!isRecording, "a graph is not replayed while another is recorded")
        trace?.append(.replay(calls: graph.callCount))
        switch worker {
        case .team(let team): graph.replay(on: team)
        case .queue(let queue): graph.replay(on: queue)
        }
    }
}
