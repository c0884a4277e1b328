import CUDADriver

/// What the driver says of a GPU. It is asked without a context: nothing is opened on the GPU.
package struct CUDAProperties: Sendable {
    package let ordinal: Int
    package let name: String
    package let memoryByteCount: Int
    package let multiprocessors: Int
    package let capability: (major: Int, minor: Int)

    package init(
        ordinal: Int, name: String, memoryByteCount: Int, multiprocessors: Int, capability: (major: Int, minor: Int)
    ) {
        self.ordinal = ordinal
        self.name = name
        self.memoryByteCount = memoryByteCount
        self.multiprocessors = multiprocessors
        self.capability = capability
    }

    /// The kernels are built for this architecture alone.
    private static let neededCapability = (major: 9, minor: 0)

    /// - Throws: `unavailable` for a GPU that the kernels are not built for.
    func checkCapability() throws(DeviceError) {
        guard capability == Self.neededCapability else {
            throw DeviceError(
                .unavailable,
                "cuda:\(ordinal) (\(name)) has compute capability \(capability.major).\(capability.minor); "
                    + "the kernels are for \(Self.neededCapability.major).\(Self.neededCapability.minor)")
        }
    }
}

extension CUDAPlatform {
    /// The newest CUDA that the driver knows, such as 13.0; nil if it does not say.
    package var version: (major: Int, minor: Int)? {
        var number: Int32 = 0
        guard functions.driver_version(&number) == 0 else { return nil }
        return (Int(number) / 1000, Int(number) % 1000 / 10)
    }

    /// - Throws: `unavailable` for a GPU that is not there, or that does not answer.
    package func properties(of ordinal: Int) throws(DeviceError) -> CUDAProperties {
        guard (0..<deviceCount).contains(ordinal) else {
            let last = deviceCount - 1
            throw DeviceError(
                .unavailable,
                "no GPU 'cuda:\(ordinal)'; there \(last == 0 ? "is cuda:0" : "are cuda:0 to cuda:\(last)")")
        }
        func need(_ result: Int32, _ what: String) throws(DeviceError) {
            guard result == 0 else {
                throw DeviceError(.unavailable, "cuda:\(ordinal): \(what): \(text(result))")
            }
        }
        var device: Int32 = 0
        try need(functions.device_get(&device, Int32(ordinal)), "the device cannot be opened")
        func attribute(_ number: Int) throws(DeviceError) -> Int {
            var value: Int32 = 0
            try need(functions.device_attribute(&value, Int32(number), device), "its attributes cannot be read")
            return Int(value)
        }
        var name = [CChar](repeating: 0, count: 256)
        try need(functions.device_name(&name, Int32(name.count - 1), device), "its name cannot be read")
        var bytes = 0
        try need(functions.device_memory(&bytes, device), "its memory cannot be asked for")
        return CUDAProperties(
            ordinal: ordinal, name: name.withUnsafeBufferPointer { String(cString: $0.baseAddress!) },
            memoryByteCount: bytes, multiprocessors: try attribute(Int(STAPES_CU_MULTIPROCESSORS)),
            capability: (
                try attribute(Int(STAPES_CU_CAPABILITY_MAJOR)), try attribute(Int(STAPES_CU_CAPABILITY_MINOR))
            ))
    }

    /// What can be told of a GPU without opening it; whether the kernels load only that shows.
    ///
    /// - Throws: `unavailable` where the GPU is not there, or where this build cannot use it.
    package func check(_ ordinal: Int) throws(DeviceError) {
        try properties(of: ordinal).checkCapability()
        _ = try kernels()
    }

    /// - Throws: `unavailable` with what speaks against the first, if `check` refuses every GPU.
    package func checkAny() throws(DeviceError) {
        guard (0..<deviceCount).allSatisfy({ reasonAgainst($0) != nil }) else { return }
        try check(0)
    }

    /// Why this build cannot use a GPU; nil if nothing speaks against it.
    package func reasonAgainst(_ ordinal: Int) -> String? {
        do throws(DeviceError) {
            try check(ordinal)
            return nil
        } catch {
            return error.message
        }
    }

    /// The GPUs that can be used, in order.
    ///
    /// - Parameter count: of GPUs that are opened at most.
    /// - Throws: `unavailable` with what speaks against the first, if none can be used.
    package func openUsable(atMost count: Int = .max) throws(DeviceError) -> [CUDAContext] {
        var contexts: [CUDAContext] = []
        var firstError: DeviceError?
        for ordinal in 0..<deviceCount where contexts.count < count {
            do throws(DeviceError) {
                contexts.append(try CUDAContext(self, ordinal: ordinal))
            } catch {
                firstError = firstError ?? error
            }
        }
        if contexts.isEmpty, let firstError { throw firstError }
        return contexts
    }
}
