import CKernels

/// What was asked of a stream, in order. Tests hold it against what a step may do.
package final class CallTrace {
    package enum Call: Sendable, Hashable {
        /// One kernel, eagerly.
        case launch
        /// A whole graph of so many kernel calls.
        case replay(calls: Int)
        /// Device memory to the host.
        case read(byteCount: Int)
        /// Host memory to the device.
        case write(byteCount: Int)
    }

    package private(set) var calls: [Call] = []
    /// The kernels that were launched one by one, in order.
    package private(set) var kernels: [UnsafeRawPointer] = []

    package init() {}

    func append(_ call: Call) { calls.append(call) }

    func append(launchOf kernel: stapes_kernel) {
        calls.append(.launch)
        kernels.append(unsafeBitCast(kernel, to: UnsafeRawPointer.self))
    }
}
