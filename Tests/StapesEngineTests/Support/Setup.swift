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
    /// The attention backend; nil takes the fastest.
    var chosenBackend: BackendChoice?
    /// Whether the GPU has a library for products of many rows.
    var hasLibrary = false
    var crossKVType = CrossKVType.auto

    static let float32 = Setup(computeType: .float32, isGPU: false)
    static let float16 = Setup(computeType: .float16, isGPU: false)
    static let bfloat16 = Setup(computeType: .bfloat16, isGPU: false)
    static let bfloat16Encoder = Setup(computeType: .bfloat16Encoder, isGPU: false)
    static let int16Encoder = Setup(computeType: .int16Encoder, isGPU: false)
    static let int8 = Setup(computeType: .int8, isGPU: false)
    /// The GPU's kernels on a stand-in for the driver.
    static let gpu = Setup(computeType: .float16, isGPU: true)
    static let gpuBFloat16 = Setup(computeType: .bfloat16, isGPU: true)
    /// The same with a stand-in for FlashInfer.
    static let flashInfer = Setup(computeType: .float16, isGPU: true, chosenBackend: .flashinfer)
    /// The same with a stand-in for cuBLASLt.
    static let gpuLibrary = Setup(computeType: .float16, isGPU: true, hasLibrary: true)
    static let gpuLibraryBFloat16 = Setup(computeType: .bfloat16, isGPU: true, hasLibrary: true)
    /// Windows' keys and values in eight bits.
    static let crossFloat8 = Setup(computeType: .float32, isGPU: false, crossKVType: .float8)
    static let gpuCrossFloat8 = Setup(computeType: .float16, isGPU: true, crossKVType: .float8)
    static let gpuBFloat16CrossFloat8 = Setup(computeType: .bfloat16, isGPU: true, crossKVType: .float8)

    var device: EngineDevice { isGPU ? .cuda(hasLibrary ? FakeGPU.contextWithLibrary : FakeGPU.context) : .cpu }
    var backend: BackendChoice { chosenBackend ?? (isGPU ? .native : .cpu) }
    var testDescription: String {
        let cross = crossKVType == .auto ? "" : ", cross keys in \(crossKVType)"
        guard isGPU else { return "\(computeType)" + cross }
        return "GPU, \(hasLibrary ? "library, " : "")\(computeType), \(backend)" + cross
    }

    /// The CPU in float32, with windows held as here.
    var onCPU: Setup { Setup(computeType: .float32, isGPU: false, crossKVType: crossKVType) }

    /// Both ways on the CPU, and the way that it is run on a GPU.
    static let bothWays: [(Setup, Bool)] = [(.float32, false), (.float32, true), (.gpu, true)]

    /// Requests of all kinds: the GPU's are as different, and short.
    var requests: [WindowRequest] { isGPU ? TinyModel.brief : TinyModel.mixed + TinyModel.sampled }

    /// Rounds of a test on the CPU, of which the emulated kernels, thousands of times slower than real ones, get a few.
    func rounds(_ count: Int) -> Int { isGPU ? max(1, count / 10) : count }
}

/// A GPU that is none: the driver's calls over emulated kernels. It does its work as late as it may, its memory cannot be
/// touched by the host, and what is freshly allocated is full of NaN.
enum FakeGPU {
    /// One GPU twice: without and with a library for products.
    private typealias Contexts = (plain: CUDAContext, withLibrary: CUDAContext)

    /// All that were ever opened, those in use last: letting go of one would let go of its successor's context.
    private static let opened = Mutex<[Contexts]>([])

    static var context: CUDAContext { contexts.plain }
    static var contextWithLibrary: CUDAContext { contexts.withLibrary }

    /// Opened anew when another test has opened a stand-in since, or has lost it: there is one in a process.
    private static var contexts: Contexts {
        opened.withLock { opened in
            if let contexts = opened.last, (try? contexts.plain.memory()) != nil { return contexts }
            return open(stapes_fake_cuda_options(), &opened)
        }
    }

    /// A GPU that nothing was done with.
    ///
    /// - Parameter notReadyCount: how often an event says that its turn has not come before it is waited for.
    static func reopen(notReadyCount: Int32 = 0) {
        var options = stapes_fake_cuda_options()
        options.not_ready_count = notReadyCount
        opened.withLock { _ = open(options, &$0) }
    }

    private static func open(_ options: stapes_fake_cuda_options, _ opened: inout [Contexts]) -> Contexts {
        do {
            let contexts = try open(options)
            opened.append(contexts)
            return contexts
        } catch {
            preconditionFailure("the stand-in for a GPU does not open: \(error)")
        }
    }

    private static func open(_ options: stapes_fake_cuda_options) throws -> Contexts {
        var options = options
        // Some tests have an engine on each.
        options.device_count = 2
        return try withUnsafeTemporaryAllocation(of: stapes_cuda_driver.self, capacity: 1) { driver in
            guard stapes_fake_cuda_open(&options, driver.baseAddress!) else {
                throw DeviceError(.unavailable, "the stand-in for the driver cannot be opened")
            }
            let flashInfer = withUnsafeTemporaryAllocation(of: stapes_flashinfer_library.self, capacity: 1) {
                stapes_fake_flashinfer_open($0.baseAddress!)
                return FlashInferLibrary($0[0])
            }
            func context(_ library: MatrixLibrary) throws -> CUDAContext {
                let image = UnsafeRawPointer(driver.baseAddress!)
                return try CUDAContext(
                    CUDAPlatform(driver[0], image: image, matrixLibrary: library, flashInfer: flashInfer), ordinal: 0)
            }
            return try (context(.none), context(.functions(stapes_fake_cublaslt())))
        }
    }
}
