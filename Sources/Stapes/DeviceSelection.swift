import StapesDevice
import StapesEngine

/// Which devices to ask for.
public enum DeviceSelection: Sendable, Hashable {
    case cpu
    /// The first GPU that can be used, or else the processor.
    case auto
    case cuda(Int)
    /// Some GPUs: each gets the model, and every window goes to one of them.
    case gpus([Int])
    /// All GPUs that can be used.
    case allGPUs
}

extension DeviceSelection {
    /// - Returns: one device, or several GPUs, and why these, where that was left to us.
    /// - Throws: `unavailable`, with the reason, for a GPU that cannot be used; `invalidOption` for one named twice.
    package func open() throws(StapesError) -> (devices: [EngineDevice], reason: String?) {
        switch self {
        case .cpu: return ([.cpu], nil)
        case .auto:
            do throws(DeviceError) {
                return ([.cuda(try CUDAPlatform().openUsable(atMost: 1)[0])], "the first GPU that can be used")
            } catch {
                return ([.cpu], error.message)
            }
        case .cuda(let ordinal): return (try Self.open([ordinal]), nil)
        case .gpus(let ordinals): return (try Self.open(ordinals), nil)
        case .allGPUs:
            do throws(DeviceError) {
                return (try CUDAPlatform().openUsable().map { .cuda($0) }, "all GPUs that can be used")
            } catch {
                throw Self.unavailable("cuda:all", error)
            }
        }
    }

    /// Whether the devices are there, as far as can be told without opening any: that is quick.
    ///
    /// - Throws: as `open`.
    package func check() throws(StapesError) {
        switch self {
        case .cpu, .auto: break
        case .cuda(let ordinal):
            _ = try Self.each([ordinal]) { platform, ordinal throws(DeviceError) in
                try platform.check(ordinal)
            }
        case .gpus(let ordinals):
            _ = try Self.each(ordinals) { platform, ordinal throws(DeviceError) in
                try platform.check(ordinal)
            }
        case .allGPUs:
            do throws(DeviceError) {
                try CUDAPlatform().checkAny()
            } catch {
                throw Self.unavailable("cuda:all", error)
            }
        }
    }

    private static func open(_ ordinals: [Int]) throws(StapesError) -> [EngineDevice] {
        try each(ordinals) { platform, ordinal throws(DeviceError) in
            .cuda(try CUDAContext(platform, ordinal: ordinal))
        }
    }

    /// Does something with each GPU, once.
    private static func each<Value>(
        _ ordinals: [Int], _ body: (CUDAPlatform, Int) throws(DeviceError) -> Value
    ) throws(StapesError) -> [Value] {
        guard !ordinals.isEmpty, Set(ordinals).count == ordinals.count else {
            throw StapesError(.invalidOption, "a GPU is named once, and one at least")
        }
        var names = ordinals.map { "cuda:\($0)" }.joined(separator: ",")
        do throws(DeviceError) {
            let platform = try CUDAPlatform()
            var values: [Value] = []
            for ordinal in ordinals {
                names = "cuda:\(ordinal)"
                values.append(try body(platform, ordinal))
            }
            return values
        } catch {
            throw unavailable(names, error)
        }
    }

    private static func unavailable(_ names: String, _ error: DeviceError) -> StapesError {
        StapesError(.unavailable, "device '\(names)' is not available: \(error.message)", cause: error)
    }
}
