import CUDADriver
import Synchronization

/// One GPU: its primary context, which other libraries of the process share, the kernels loaded into it, its memory.
///
/// `@unchecked Sendable`: handles are set once, the driver takes calls from any thread, and what changes has a lock.
package final class CUDAContext: @unchecked Sendable {
    package let platform: CUDAPlatform
    package let ordinal: Int
    package let name: String
    package let multiprocessors: Int
    package let capability: (major: Int, minor: Int)
    private let device: Int32
    private let context: OpaquePointer
    private let module: OpaquePointer
    private let freed = Mutex(FreedBlocks())

    /// - Throws: `unavailable` for a GPU that is not there or that the kernels were not built for, `outOfMemory`.
    package init(_ platform: CUDAPlatform, ordinal: Int) throws(DeviceError) {
        let functions = platform.functions
        let properties = try platform.properties(of: ordinal)
        name = properties.name
        capability = properties.capability
        multiprocessors = properties.multiprocessors
        try properties.checkCapability()
        let kernels = try platform.kernels()
        func need(_ result: Int32, _ what: String) throws(DeviceError) {
            guard result == 0 else {
                throw DeviceError(.unavailable, "cuda:\(ordinal): \(what): \(platform.text(result))")
            }
        }
        var device: Int32 = 0
        try need(functions.device_get(&device, Int32(ordinal)), "the device cannot be opened")
        var context: OpaquePointer?
        try need(functions.primary_context_retain(&context, device), "no context can be made")
        guard let context else { throw DeviceError(.unavailable, "cuda:\(ordinal): no context was made") }
        var module: OpaquePointer?
        var result = functions.context_set_current(context)
        if result == 0 { result = functions.module_load(&module, kernels) }
        guard result == 0, let module else {
            _ = functions.primary_context_release(device)
            throw DeviceError(
                .unavailable, "cuda:\(ordinal): the kernels cannot be loaded: \(platform.text(result))")
        }
        self.platform = platform
        self.ordinal = ordinal
        self.device = device
        self.context = context
        self.module = module
    }

    deinit {
        use()
        for block in freed.withLock({ $0.takeAll() }) { _ = functions.memory_free(block) }
        // The module stays: kernels are named by address wherever they were launched.
        _ = functions.primary_context_release(device)
    }

    var functions: stapes_cuda_driver { platform.functions }

    /// Makes this the calling thread's context, as every call needs it.
    func use() { _ = functions.context_set_current(context) }

    /// - Throws: `outOfMemory`, else `failed`, or `lost` after an error that the device does not recover from.
    func check(_ result: Int32, _ what: String) throws(DeviceError) {
        guard result != 0 else { return }
        let code: DeviceError.Code =
            if result == STAPES_CU_OUT_OF_MEMORY { .outOfMemory } else { isLost ? .lost : .failed }
        throw DeviceError(code, "cuda:\(ordinal): \(what): \(platform.text(result))")
    }

    /// A kernel of the module.
    ///
    /// - Parameter waits: whether it waits for the kernels before it by itself.
    /// - Throws: `unavailable` for a name that the module does not have.
    func function(
        _ name: String, shape: @escaping @convention(c) (UnsafeRawPointer) -> stapes_cuda_shape, waits: Bool = false
    ) throws(DeviceError) -> Kernel {
        use()
        var handle: OpaquePointer?
        let result = functions.module_function(&handle, module, "stapes_cuda_" + name)
        guard result == 0, let handle else {
            throw DeviceError(.unavailable, "cuda:\(ordinal): no kernel '\(name)': \(platform.text(result))")
        }
        // More than the 48 KB that every kernel may have is asked for once.
        try check(
            functions.function_set_attribute(
                handle, Int32(STAPES_CU_FUNCTION_DYNAMIC_SHARED_BYTES), Self.sharedBytes),
            "shared memory for '\(name)'")
        return Kernel(CUDAFunction(name: name, handle: handle, shape: shape, waits: waits))
    }

    /// What a block of the architecture can have.
    private static let sharedBytes: Int32 = 227 << 10

    /// Whether not even its memory can be asked for.
    private var isLost: Bool {
        var (free, total) = (0, 0)
        return functions.memory_info(&free, &total) != 0
    }

    // MARK: Memory

    /// - Throws: `outOfMemory`.
    func allocate(_ byteCount: Int) throws(DeviceError) -> UnsafeMutableRawPointer {
        use()
        if let address = freed.withLock({ $0.take(byteCount) }) { return address.memory }
        var address: stapes_cu_pointer = 0
        var result = functions.memory_allocate(&address, byteCount)
        if result == STAPES_CU_OUT_OF_MEMORY {
            for block in freed.withLock({ $0.takeAll() }) { _ = functions.memory_free(block) }
            result = functions.memory_allocate(&address, byteCount)
        }
        try check(result, "no memory for \(byteCount) bytes")
        return address.memory
    }

    /// Small blocks are kept for the next of their size: giving them back waits for the whole device. What the stream
    /// was still told to do with one it does before what comes next.
    func free(_ pointer: UnsafeMutableRawPointer, _ byteCount: Int) {
        let address = stapes_cu_pointer(UInt(bitPattern: pointer))
        guard !freed.withLock({ $0.keep(address, byteCount) }) else { return }
        use()
        _ = functions.memory_free(address)
    }

    /// Memory of the host that the device copies from and to by itself.
    ///
    /// - Throws: `outOfMemory`.
    func allocatePinned(_ byteCount: Int) throws(DeviceError) -> UnsafeMutableRawPointer {
        use()
        var pointer: UnsafeMutableRawPointer?
        try check(functions.host_allocate(&pointer, byteCount), "no page-locked memory for \(byteCount) bytes")
        guard let pointer else { throw DeviceError(.outOfMemory, "cuda:\(ordinal): no page-locked memory") }
        return pointer
    }

    func freePinned(_ pointer: UnsafeMutableRawPointer) {
        use()
        _ = functions.host_free(pointer)
    }

    /// Bytes that are free on the device, and all there are.
    package func memory() throws(DeviceError) -> (free: Int, total: Int) {
        use()
        var (free, total) = (0, 0)
        try check(functions.memory_info(&free, &total), "its memory cannot be asked for")
        return (free, total)
    }
}

/// Blocks that nobody uses, by their size.
private struct FreedBlocks {
    private var blocks: [Int: [stapes_cu_pointer]] = [:]
    private var byteCount = 0
    private static let largest = 64 << 20
    private static let most = 256 << 20

    mutating func take(_ size: Int) -> stapes_cu_pointer? {
        guard let block = blocks[size]?.popLast() else { return nil }
        byteCount -= size
        return block
    }

    mutating func keep(_ block: stapes_cu_pointer, _ size: Int) -> Bool {
        guard size <= Self.largest, byteCount + size <= Self.most else { return false }
        blocks[size, default: []].append(block)
        byteCount += size
        return true
    }

    mutating func takeAll() -> [stapes_cu_pointer] {
        defer { (blocks, byteCount) = ([:], 0) }
        return blocks.values.flatMap { $0 }
    }
}

extension stapes_cu_pointer {
    /// The address as the rest of the engine carries it. The host must not look there.
    fileprivate var memory: UnsafeMutableRawPointer {
        guard let pointer = UnsafeMutableRawPointer(bitPattern: UInt(self)) else {
            preconditionFailure("the driver gave no address")
        }
        return pointer
    }
}

extension UnsafeRawPointer {
    /// A device address as the driver takes it.
    var onDevice: stapes_cu_pointer { stapes_cu_pointer(UInt(bitPattern: self)) }
}
