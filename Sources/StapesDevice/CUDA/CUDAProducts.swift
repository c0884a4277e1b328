import CKernels
import CUDADriver

/// Products of many rows through cuBLASLt, with the objects that were made for them.
///
/// A product's object belongs to its shape alone, and a window may have any of 1500 lengths: those that graphs hold are
/// kept, of the others only the last few. A shape is chosen for and run once before it is captured: the library is slow
/// to choose, and loads a kernel at its first launch.
final class CUDAProducts {
    /// What an object is made for. Strides are part of it: views into wider rows are common.
    private struct Shape: Hashable {
        let rows, outputs, inputs, inputStride, outputStride: Int
        let type, outputType: ScalarType
        let bias, accumulate: Bool
    }

    /// `cuBLASLt 13.1.0 (/usr/local/cuda/lib64/libcublasLt.so.13)`.
    let description: String
    private let context: CUDAContext
    private let library: OpaquePointer
    /// Held by graphs.
    private var captured: [Shape: Object] = [:]
    /// The others, the one used last at the end.
    private var recent: [(shape: Shape, object: Object)] = []
    /// One a stream, since streams run beside each other.
    private var workspaces: [ObjectIdentifier: Workspace] = [:]

    /// The products of a window are of five shapes.
    private static let recentCount = 8 * 5

    /// What graphs, traces and profiles know all these products by.
    static let kernel = Kernel(library: "cublasLtMatmul")

    /// - Throws: `unavailable` where there is no library, with the reason.
    init(_ context: CUDAContext) throws(DeviceError) {
        self.context = context
        context.use()
        library = try context.platform.matrixLibrary.open()
        let version = stapes_cublaslt_version(library)
        description =
            "cuBLASLt \(version / 10000).\(version / 100 % 100).\(version % 100) "
            + "(\(String(cString: stapes_cublaslt_path(library))))"
    }

    deinit {
        context.use()
        // Objects go before their library.
        captured = [:]
        recent = []
        stapes_cublaslt_destroy(library)
    }

    /// Computes `product` with `weights` [outputs, inputs] of `type`, but for its GELU.
    ///
    /// - Parameter bias: as the library wants it, of the output's type.
    /// - Returns: false, and nothing done, if the library has nothing for it.
    /// - Throws: `outOfMemory`, `failed`.
    func run(
        _ product: Linear.Product, weights: UnsafeRawPointer, type: ScalarType, bias: UnsafeRawPointer?,
        on stream: Stream
    ) throws(DeviceError) -> Bool {
        let (input, output) = (product.input, product.output)
        guard input.type == type, ([input.pointer, output.pointer].allSatisfy { $0.isAligned }) else { return false }
        context.use()
        let object = try object(
            Shape(
                rows: input.rows, outputs: output.columns, inputs: input.columns, inputStride: input.rowStride,
                outputStride: output.rowStride, type: type, outputType: output.type, bias: bias != nil,
                accumulate: product.accumulate), on: stream)
        guard let made = object.handle else { return false }
        let workspace = try workspace(byteCount: stapes_cublaslt_product_workspace_bytes(made), on: stream)
        var status = STAPES_CUBLASLT_OK
        stream.launch(library: [Self.kernel]) { handle in
            status = stapes_cublaslt_product_run(
                made, input.pointer, weights, bias, output.pointer, workspace, handle)
        }
        switch status {
        case STAPES_CUBLASLT_OK: return true
        case STAPES_CUBLASLT_UNSUPPORTED:
            object.drop()
            return false
        default: throw lastError()
        }
    }

    private func object(_ shape: Shape, on stream: Stream) throws(DeviceError) -> Object {
        if let object = captured[shape] { return object }
        let known = recent.firstIndex { $0.shape == shape }.map { recent.remove(at: $0).object }
        precondition(known != nil || !stream.isRecording, "a product is run once before it is captured")
        let object = if let known { known } else { try makeObject(shape) }
        if stream.isRecording {
            captured[shape] = object
        } else {
            recent.append((shape, object))
            // Whatever was launched with it has its own copy of it.
            if recent.count > Self.recentCount { recent.removeFirst() }
        }
        return object
    }

    private func makeObject(_ shape: Shape) throws(DeviceError) -> Object {
        var description = stapes_cublaslt_shape(
            m: Int64(shape.rows), n: Int64(shape.outputs), k: Int64(shape.inputs), a_stride: Int64(shape.inputStride),
            weight_stride: Int64(shape.inputs), c_stride: Int64(shape.outputStride), type: shape.type.kernelType,
            c_type: shape.outputType.kernelType, bias: shape.bias, accumulate: shape.accumulate,
            workspace_bytes: Int(STAPES_CUBLASLT_WORKSPACE_BYTES))
        var handle: OpaquePointer?
        switch stapes_cublaslt_product_create(library, &description, &handle) {
        case STAPES_CUBLASLT_OK, STAPES_CUBLASLT_UNSUPPORTED: return Object(handle)
        default: throw lastError()
        }
    }

    private func workspace(byteCount: Int, on stream: Stream) throws(DeviceError) -> UnsafeMutableRawPointer? {
        guard byteCount > 0 else { return nil }
        if let workspace = workspaces[ObjectIdentifier(stream)] { return workspace.buffer.pointer }
        let workspace = Workspace(try Buffer(byteCount: Int(STAPES_CUBLASLT_WORKSPACE_BYTES), on: stream))
        workspaces[ObjectIdentifier(stream)] = workspace
        return workspace.buffer.pointer
    }

    private func lastError() -> DeviceError {
        DeviceError(.failed, "cuda:\(context.ordinal): \(String(cString: stapes_cublaslt_error()))")
    }

    /// The library's object for a shape; none if it has nothing for that.
    private final class Object {
        private(set) var handle: OpaquePointer?

        init(_ handle: OpaquePointer?) { self.handle = handle }

        deinit { drop() }

        func drop() {
            if let handle { stapes_cublaslt_product_destroy(handle) }
            handle = nil
        }
    }

    private final class Workspace {
        let buffer: Buffer

        init(_ buffer: consuming Buffer) { self.buffer = buffer }
    }
}

extension UnsafeMutableRawPointer {
    fileprivate var isAligned: Bool { UInt(bitPattern: self) % UInt(STAPES_CUBLASLT_ALIGNMENT) == 0 }
}
