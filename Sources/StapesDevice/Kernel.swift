import CKernels
import CUDADriver

/// One implementation of one operation.
///
/// `@unchecked Sendable`: addresses of code, set once; nothing is read through them here.
package struct Kernel: @unchecked Sendable {
    enum Code {
        /// A C function that every thread of a team calls.
        case cpu(stapes_kernel)
        /// A function of a loaded module. Modules are never unloaded, so that it may be kept anywhere.
        case cuda(CUDAFunction)
        /// What a library of the GPU launches itself; only the name is known.
        case library(UnsafeRawPointer)
        /// Another device's operation.
        case missing(String)
    }

    let code: Code

    init(_ kernel: stapes_kernel) { code = .cpu(kernel) }
    init(_ function: CUDAFunction) { code = .cuda(function) }
    /// - Parameter name: stands for the kernel, whose address the library does not tell.
    init(library name: StaticString) { code = .library(UnsafeRawPointer(name.utf8Start)) }
    init(missing name: String) { code = .missing(name) }

    /// Names the kernel in graphs, traces and profiles.
    package var address: UnsafeRawPointer {
        switch code {
        case .cpu(let kernel): unsafeBitCast(kernel, to: UnsafeRawPointer.self)
        case .cuda(let function): UnsafeRawPointer(function.handle)
        case .library(let address): address
        case .missing(let name): preconditionFailure("this device has no operation '\(name)'")
        }
    }
}

/// A kernel of the GPU and how its launch is shaped.
struct CUDAFunction {
    let name: String
    let handle: OpaquePointer
    /// From the arguments it is launched with.
    let shape: @convention(c) (UnsafeRawPointer) -> stapes_cuda_shape
    /// Whether it waits for the kernels before it by itself (`wait_for_predecessors` in device.cuh), and writes nothing
    /// that is read before such a wait: weights.
    let waits: Bool
}
