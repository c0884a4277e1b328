/// A device that a model can be loaded to.
package protocol ComputeDevice: AnyObject {
    /// Where steps run.
    var stream: Stream { get }
    /// Where windows are encoded, beside the steps if the device can do that; else the same stream.
    var encodeStream: Stream { get }

    /// Whether weights of a random model are made on the device, so that they need lie nowhere before.
    var generatesWeights: Bool { get }

    /// Lays weights out for the products they will serve; see `Linear`.
    func pack(_ weights: Linear.Weights) throws(DeviceError) -> any PackedWeights
}

extension ComputeDevice {
    package var generatesWeights: Bool { false }
}

/// Weights on a device, and how a product with them is launched there.
package protocol PackedWeights: AnyObject {
    var byteCount: Int { get }
    /// The rows as they are, for look-ups, where the layout keeps them.
    var rows: (pointer: UnsafeRawPointer, type: ScalarType)? { get }

    /// - Parameter norm: what the rows of `input` are normalised by first, if they are. Not on the CPU.
    func run(
        _ product: Linear.Product, norm: (gamma: UnsafePointer<Float>, beta: UnsafePointer<Float>)?, on stream: Stream)
        throws(DeviceError)

    /// Whether a product of so many rows can normalise them on the way.
    func normalizes(rows: Int) -> Bool

    /// Whether `run` takes a batch of products; otherwise it is given them one by one.
    var runsBatches: Bool { get }
}

extension PackedWeights {
    package var rows: (pointer: UnsafeRawPointer, type: ScalarType)? { nil }
    package func normalizes(rows: Int) -> Bool { false }
    package var runsBatches: Bool { false }
}
