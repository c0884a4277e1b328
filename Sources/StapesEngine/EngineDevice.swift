import StapesDevice

/// The device of an engine, open: what a loop of an engine is told to run on.
package enum EngineDevice: Sendable {
    case cpu
    /// A GPU, on which no other engine of the process need be.
    case cuda(CUDAContext)

    package var device: Device {
        switch self {
        case .cpu: .cpu
        case .cuda(let context): .cuda(context.ordinal)
        }
    }

    package var isCUDA: Bool { if case .cuda = self { true } else { false } }
}
