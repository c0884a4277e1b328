import CKernels

/// Operations recorded once, to be run again and again: on the CPU the list of kernel calls with every pointer resolved,
/// on a GPU the driver's own graph of a captured stream.
///
/// Replay reads nothing but what the pointers point to. It plans nothing, allocates nothing and counts no references;
/// whoever made the buffers keeps them alive for as long as the graph.
package struct Graph: ~Copyable {
    private let body: Body
    package let callCount: Int
    /// Bytes of the recorded calls and their arguments.
    package let byteCount: Int

    private enum Body {
        /// The calls, and their arguments behind them.
        case calls(UnsafeMutablePointer<stapes_call>)
        case captured(CUDAGraph)
    }

    init(_ recording: Recording) {
        let callBytes = recording.calls.count * MemoryLayout<stapes_call>.stride
        let size = callBytes + recording.arguments.count
        let memory = UnsafeMutableRawPointer.allocate(byteCount: max(size, 1), alignment: Recording.alignment)
        let copied = memory + callBytes
        recording.arguments.withUnsafeBytes {
            copied.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(memory), byteCount: $0.count)
        }
        let calls = memory.bindMemory(to: stapes_call.self, capacity: recording.calls.count)
        for (index, call) in recording.calls.enumerated() {
            (calls + index).initialize(to: stapes_call(kernel: call.kernel, arguments: copied + call.offset))
        }
        body = .calls(calls)
        callCount = recording.calls.count
        byteCount = size
    }

    init(_ captured: CUDAGraph) {
        body = .captured(captured)
        callCount = captured.kernels.count
        byteCount = captured.byteCount
    }

    deinit {
        if case .calls(let calls) = body { UnsafeMutableRawPointer(calls).deallocate() }
    }

    func replay(on team: OpaquePointer) {
        guard case .calls(let calls) = body else { preconditionFailure("a GPU's graph is replayed by its queue") }
        stapes_team_replay(team, calls, Int64(callCount))
    }

    func replay(on queue: CUDAQueue) {
        guard case .captured(let graph) = body else { preconditionFailure("the CPU's graph is replayed by its team") }
        queue.replay(graph)
    }

    /// The kernels in order, to compare two graphs.
    package var kernels: [UnsafeRawPointer] {
        switch body {
        case .calls(let calls): (0..<callCount).map { unsafeBitCast(calls[$0].kernel, to: UnsafeRawPointer.self) }
        case .captured(let graph): graph.kernels
        }
    }
}

/// A graph while it is recorded.
struct Recording {
    static let alignment = 16

    struct Call {
        let kernel: stapes_kernel
        let offset: Int
    }

    var calls: [Call] = []
    var arguments: [UInt8] = []

    mutating func append<Arguments: BitwiseCopyable>(_ kernel: stapes_kernel, _ value: Arguments) {
        calls.append(Call(kernel: kernel, offset: arguments.count))
        withUnsafeBytes(of: value) { arguments += $0 }
        // The next arguments begin aligned; the block of calls before them is a multiple of the alignment.
        while arguments.count % Self.alignment != 0 { arguments.append(0) }
    }
}
