/// A named array as a file's header describes it, before anything is known about its place in the model.
struct StoredVariable: Sendable {
    let name: String
    let shape: [Int]
    /// The type by the file's own word for it.
    let typeName: String
    /// `nil` for types that no weight is read from.
    let elementType: ElementType?
    let file: MappedFile
    let byteOffset: Int
    let byteCount: Int

    /// The elements, once the type is known to be one that is read.
    ///
    /// - Throws: `unsupportedElementType`.
    func array() throws(ModelError) -> StoredArray {
        guard let elementType else {
            throw ModelError(
                .unsupportedElementType, "\(file.path): \(name) is stored as \(typeName), which is not read")
        }
        return StoredArray(
            file: file, byteOffset: byteOffset, count: byteCount / elementType.byteCount, elementType: elementType)
    }

    /// - Throws: `shapeMismatch` unless the shape is `expected`.
    func checkShape(_ expected: [Int]) throws(ModelError) {
        guard shape == expected else {
            throw ModelError(
                .shapeMismatch, "\(file.path): \(name) has shape \(shape), the configuration calls for \(expected)")
        }
    }

    /// The number of elements of `shape`, `nil` when that does not fit in an `Int` or a dimension is negative.
    static func elementCount(of shape: [Int]) -> Int? {
        var count = 1
        for dimension in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
            guard dimension >= 0, !overflow else { return nil }
            count = product
        }
        return count
    }
}
