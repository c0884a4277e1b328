import CUDADriver
import CUDAEmulator
import StapesDevice
import StapesEngine
import Synchronization
import Testing

/// What a tiny model runs on, and in what numbers.
struct Setup: Sendable, Hashable, CustomTestStringConvertible {
    let computeType: ComputeType
    let isGPU: Bool
    /// Whether the GPU has a library for products of many rows.
    var hasLibrary = false

    static let float32 = Setup(computeType: .float32, isGPU: false)
    static let float16 = Setup(computeType: .float16, isGPU: false)
    static let bfloat16 = Setup(computeType: .bfloat16, isGPU: false)
    static let bfloat16Encoder = Setup(computeType: .bfloat16Encoder, isGPU: false)
    static let int16Encoder = Setup(computeType: .int16Encoder, isGPU: false)
    static let int8 = Setup(computeType: .int8, isGPU: false)
    /// The GPU's kernels on a stand-in for the driver.
    static let gpu = Setup(computeType: .float16, isGPU: true)
    static let gpuBFloat16 = Setup(computeType: .bfloat16, isGPU: true)
    /// The same with a stand-in for cuBLASLt.
    static let gpuLibrary = Setup(computeType: .float16, isGPU: true, hasLibrary: true)
    static let gpuLibraryBFloat16 = Setup(computeType: .bfloat16, isGPU: true, hasLibrary: true)

    var device: EngineDevice { isGPU ? .cuda(hasLibrary ? FakeGPU.contextWithLibrary : FakeGPU.context) : .cpu }
    var testDescription: String { (isGPU ? hasLibrary ? "GPU, library, " : "GPU, " : "") + "\(computeType)" }

    /// Rounds of a test on the CPU, of which the emulated kernels, thousands of times slower than real ones, get a few.
    func rounds(_ count: Int) -> Int { isGPU ? max(1, count / 10) : count }
}

/// A GPU that is none: the driver's calls over emulated kernels. It does its work as late as it may, its memory cannot be
/// touched by the host, and what is freshly allocated is full of NaN.
enum FakeGPU {
    /// One GPU twice: without and with a library for products.
    private typealias Contexts = (plain: CUDAContext, withLibrary: CUDAContext)

    private static let opened = Mutex<Contexts?>(nil)

    static var context: CUDAContext { contexts.plain }
    static var contextWithLibrary: CUDAContext { contexts.withLibrary }

    /// Opened anew when another test has opened a stand-in since: there is one in a process.
    private static var contexts: Contexts {
        opened.withLock { opened in
            if let contexts = opened, (try? contexts.plain.memory()) != nil { return contexts }
            do {
                let contexts = try open()
                opened = contexts
                return contexts
            } catch {
                preconditionFailure("the stand-in for a GPU does not open: \(error)")
            }
        }
    }

    private static func open() throws -> Contexts {
        try withUnsafeTemporaryAllocation(of: stapes_cuda_driver.self, capacity: 1) { driver in
            guard stapes_fake_cuda_open(nil, driver.baseAddress!) else {
                throw DeviceError(.unavailable, "the stand-in for the driver cannot be opened")
            }
            func context(_ library: MatrixLibrary) throws -> CUDAContext {
                let image = UnsafeRawPointer(driver.baseAddress!)
                return try CUDAContext(CUDAPlatform(driver[0], image: image, matrixLibrary: library), ordinal: 0)
            }
            return try (context(.none), context(.functions(stapes_fake_cublaslt())))
        }
    }
}
