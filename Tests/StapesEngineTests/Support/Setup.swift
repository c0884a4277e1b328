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

    static let float32 = Setup(computeType: .float32, isGPU: false)
    static let float16 = Setup(computeType: .float16, isGPU: false)
    static let bfloat16 = Setup(computeType: .bfloat16, isGPU: false)
    static let bfloat16Encoder = Setup(computeType: .bfloat16Encoder, isGPU: false)
    static let int16Encoder = Setup(computeType: .int16Encoder, isGPU: false)
    static let int8 = Setup(computeType: .int8, isGPU: false)
    /// The GPU's kernels on a stand-in for the driver.
    static let gpu = Setup(computeType: .float16, isGPU: true)
    static let gpuBFloat16 = Setup(computeType: .bfloat16, isGPU: true)

    var device: EngineDevice { isGPU ? .cuda(FakeGPU.context) : .cpu }
    var testDescription: String { isGPU ? "GPU, \(computeType)" : "\(computeType)" }

    /// Rounds of a test on the CPU, of which the emulated kernels, thousands of times slower than real ones, get a few.
    func rounds(_ count: Int) -> Int { isGPU ? max(1, count / 10) : count }
}

/// A GPU that is none: the driver's calls over emulated kernels. It does its work as late as it may, its memory cannot be
/// touched by the host, and what is freshly allocated is full of NaN.
enum FakeGPU {
    private static let opened = Mutex<CUDAContext?>(nil)

    /// Opened anew when another test has opened a stand-in since: there is one in a process.
    static var context: CUDAContext {
        opened.withLock { opened in
            if let context = opened, (try? context.memory()) != nil { return context }
            do {
                let context = try CUDAContext(platform(), ordinal: 0)
                opened = context
                return context
            } catch {
                preconditionFailure("the stand-in for a GPU does not open: \(error)")
            }
        }
    }

    private static func platform() throws -> CUDAPlatform {
        try withUnsafeTemporaryAllocation(of: stapes_cuda_driver.self, capacity: 1) { driver in
            var options = stapes_fake_cuda_options()
            options.device_count = 2
            guard stapes_fake_cuda_open(&options, driver.baseAddress!) else {
                throw DeviceError(.unavailable, "the stand-in for the driver cannot be opened")
            }
            return try CUDAPlatform(driver[0], image: UnsafeRawPointer(driver.baseAddress!))
        }
    }
}
