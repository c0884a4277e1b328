import StapesDevice

/// The token embedding for look-ups, `[vocabulary, width]`.
///
/// A step reads a row a token, so the rows stay in the mapped file, in the type they have there, and only those that
/// are used ever take memory. Values that kernels cannot read where they are (int8, or not in a file at all) are copied
/// as float32 once.
final class TokenEmbedding {
    let pointer: UnsafeRawPointer
    let type: ScalarType
    /// Keeps the mapping alive.
    private let tensor: Tensor
    private let copy: Buffer?

    init(_ tensor: Tensor) throws(DeviceError) {
        self.tensor = tensor
        let address = tensor.withUnsafeBytes { $0.baseAddress }
        if let mapped = tensor.elementType.scalarType, let address {
            type = mapped
            pointer = address
            copy = nil
        } else {
            let copied = try Buffer(of: Float.self, count: tensor.count)
            tensor.copyFloat32(to: copied.bound(to: Float.self).baseAddress!)
            type = .float32
            pointer = UnsafeRawPointer(copied.pointer)
            copy = consume copied
        }
    }
}

extension ElementType {
    /// As kernels know it, if they can read it where it lies.
    var scalarType: ScalarType? {
        switch self {
        case .float32: .float32
        case .float16: .float16
        case .bfloat16: .bfloat16
        case .int8: nil
        }
    }
}
