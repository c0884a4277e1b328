import CUDADriver
import StapesDevice
import StapesEngine
import Synchronization

/// The second GPU of the stand-in for the driver, and GPUs that differ from it in a call or two.
enum TwoGPUs {
    // The driver's table of the stand-in, which the calls below end in. One test at a time uses it.
    private nonisolated(unsafe) static var table = FakeGPU.context.platform.functions
    /// Whether `breakable` does nothing any more.
    static let isBroken = Atomic(false)

    static func second() throws -> CUDAContext { try CUDAContext(FakeGPU.context.platform, ordinal: 1) }

    /// The second GPU, which is lost when `isBroken` is set.
    @inline(never) static func breakable() throws -> CUDAContext {
        isBroken.store(false, ordering: .relaxed)
        var functions = table
        functions.launch = { function, x, y, z, bx, by, bz, bytes, stream, parameters, extra in
            TwoGPUs.broken ?? TwoGPUs.table.launch(function, x, y, z, bx, by, bz, bytes, stream, parameters, extra)
        }
        functions.graph_launch = { TwoGPUs.broken ?? TwoGPUs.table.graph_launch($0, $1) }
        functions.memory_info = { TwoGPUs.broken ?? TwoGPUs.table.memory_info($0, $1) }
        return try CUDAContext(platform(functions), ordinal: 1)
    }

    /// CUDA_ERROR_LAUNCH_FAILED
    private static var broken: Int32? { isBroken.load(ordering: .relaxed) ? 719 : nil }

    /// The first GPU is one that the kernels are not built for.
    static func withAnOldOne() throws -> CUDAPlatform {
        var functions = table
        functions.device_attribute = { value, attribute, device in
            let result = TwoGPUs.table.device_attribute(value, attribute, device)
            if attribute == Int32(STAPES_CU_CAPABILITY_MAJOR), device == 0 { value.pointee = 8 }
            return result
        }
        return try platform(functions)
    }

    /// A build without kernels.
    static func withoutKernels() throws -> CUDAPlatform { try CUDAPlatform(table, image: nil) }

    private static func platform(_ functions: stapes_cuda_driver) throws -> CUDAPlatform {
        try withUnsafeTemporaryAllocation(of: Int.self, capacity: 1) {
            // The stand-in has its kernels and does not look.
            try CUDAPlatform(functions, image: UnsafeRawPointer($0.baseAddress!))
        }
    }
}
