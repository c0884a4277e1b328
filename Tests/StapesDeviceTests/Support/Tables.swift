import CKernels
import StapesDevice
import Testing

/// The compiled kernels of this machine, each with the number of threads to run on.
struct Runner: Sendable, CustomTestStringConvertible {
    let level: CPULevel
    let threads: Int

    var testDescription: String { "\(level.rawValue) on \(threads)" }

    static let all: [Runner] = CPULevel.available.flatMap { level in
        [1, 2, 3].map { Runner(level: level, threads: $0) }
    }
    /// One for each level, where threads make no difference to what is tested.
    static let levels: [Runner] = CPULevel.available.map { Runner(level: $0, threads: 2) }

    func stream() throws -> StapesDevice.Stream {
        try Stream(kernels: #require(KernelTable(level)), threads: threads)
    }
}

/// The truth.
func referenceStream() throws -> StapesDevice.Stream { try Stream(kernels: .reference, threads: 1) }

/// What is computed in.
let computeTypes: [ScalarType] = [.float32, .bfloat16]

/// What weights and caches are held in.
let storedTypes: [ScalarType] = [.float32, .bfloat16, .float16]

/// What keys and values of a window are held in.
let cachedTypes: [ScalarType] = storedTypes + [.float8]
