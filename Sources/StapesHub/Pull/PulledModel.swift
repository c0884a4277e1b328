/// What a pull ended with.
package struct PulledModel: Sendable, Hashable {
    package let path: String
    /// It was complete before; the network was not touched.
    package let wasPresent: Bool
    /// Of all files; what an earlier pull had left counts too.
    package let byteCount: Int
}
