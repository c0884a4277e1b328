import StapesDevice

/// The token embedding for look-ups, `[vocabulary, width]`.
///
/// A step reads a row a token, so the rows stay in the mapped file, in the type they have there, and only those that
/// are used ever take memory. Values that kernels cannot read where they are (int8, or not in a file at all) are copied
/// as float32 once. A GPU looks up in the weights that it multiplies with.
final class TokenEmbedding {
    let pointer: UnsafeRawPointer
    let type: ScalarType
    /// Keeps the mapping alive, or what else the rows lie in.
    private let owner: Owner
    private let copy: Buffer?

    private enum Owner {
        case tensor(Tensor)
        case layer(Linear)
    }

    init(_ tensor: Tensor) throws(DeviceError) {
        owner = .tensor(tensor)
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

    /// The rows of a layer that keeps them as they are, or nil.
    init?(sharing layer: Linear) {
        guard let rows = layer.rows else { return nil }
        (pointer, type) = rows
        owner = .layer(layer)
        copy = nil
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
