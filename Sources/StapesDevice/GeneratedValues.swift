/// Values that no memory holds, each a function of its own index: a random model's, which a device may make where it
/// wants them. Value `i` is `center + scale * (hash(first + i, salt) >> 8)`; `GeneratedArray` has the hash.
package struct GeneratedValues: Sendable, Hashable {
    package let center: Float
    package let scale: Float
    package let first: UInt32
    package let salt: UInt32

    package init(center: Float, scale: Float, first: UInt32, salt: UInt32) {
        self.center = center
        self.scale = scale
        self.first = first
        self.salt = salt
    }
}
