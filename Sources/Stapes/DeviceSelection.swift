import StapesDevice
import StapesEngine

/// Which device to ask for.
public enum DeviceSelection: Sendable, Hashable {
    case cpu
    /// The fastest that there is: the first GPU, or else the processor.
    case auto
    case cuda(Int)
}

extension DeviceSelection {
    package init(_ device: Device) {
        switch device {
        case .cpu: self = .cpu
        case .cuda(let index): self = .cuda(index)
        }
    }

    var isGPU: Bool { if case .cuda = self { true } else { false } }

    /// - Throws: `unavailable`, with the reason, for a GPU that cannot be used.
    package func open() throws(StapesError) -> EngineDevice {
        switch self {
        case .cpu: return .cpu
        case .auto: return (try? Self.openGPU(0)).map { .cuda($0) } ?? .cpu
        case .cuda(let index):
            do throws(DeviceError) {
                return .cuda(try Self.openGPU(index))
            } catch {
                throw StapesError(.unavailable, "device 'cuda:\(index)' is not available: \(error.message)")
            }
        }
    }

    private static func openGPU(_ index: Int) throws(DeviceError) -> CUDAContext {
        try CUDAContext(CUDAPlatform(), ordinal: index)
    }
}
