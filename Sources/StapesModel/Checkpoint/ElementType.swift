/// How a weight's numbers are stored in the file.
package enum ElementType: Sendable, Hashable, CaseIterable {
    case float32
    case float16
    case bfloat16
    /// Signed bytes with one scale a row: value = byte / scale.
    case int8

    /// Bytes of one element.
    package var byteCount: Int {
        switch self {
        case .float32: 4
        case .float16, .bfloat16: 2
        case .int8: 1
        }
    }
}
