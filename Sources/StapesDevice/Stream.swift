import CKernels

/// Runs operations in order. On the CPU an operation is done when `launch` returns.
///
/// A stream belongs to one thread, whose team of threads it owns.
package final class Stream {
    package let kernels: KernelTable
    package let threads: Int
    private let team: OpaquePointer

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

    /// Runs `kernel` on the team. `arguments` are read before this returns.
    package func launch<Arguments: BitwiseCopyable>(_ kernel: stapes_kernel, _ arguments: Arguments) {
        withUnsafePointer(to: arguments) { stapes_team_run(team, kernel, $0) }
    }
}
