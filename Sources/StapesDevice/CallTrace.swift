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

    /// What the next launch is called in a profile, beside its kernel: a product's shape.
    package var label: String?
    /// Each launch with its seconds, if `timed`.
    package private(set) var timings: [(kernel: UnsafeRawPointer, label: String?, seconds: Double)] = []
    package let timed: Bool

    /// - Parameter timed: whether launches are timed one by one.
    package init(timed: Bool = false) { self.timed = timed }

    /// Begins anew.
    package func clear() {
        calls = []
        kernels = []
        timings = []
    }

    func append(_ call: Call) { calls.append(call) }

    /// Runs a launch and, if `timed`, notes how long it took.
    func time(_ kernel: Kernel, _ body: () -> Void) {
        guard timed else { return body() }
        let clock = ContinuousClock()
        let seconds = clock.measure(body) / .seconds(1)
        timings.append((kernel.address, label, seconds))
        label = nil
    }

    func append(launchOf kernel: Kernel) {
        calls.append(.launch)
        kernels.append(kernel.address)
    }
}
