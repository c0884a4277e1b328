import StapesDevice

/// An array of 32-bit integers at a fixed address on the device.
final class Int32Buffer {
    let count: Int
    private let memory: Buffer
    private let values: UnsafeMutableBufferPointer<Int32>

    init(count: Int) throws(DeviceError) {
        self.count = count
        memory = try Buffer(of: Int32.self, count: count)
        values = UnsafeMutableBufferPointer(rebasing: memory.bound(to: Int32.self)[..<count])
    }

    var pointer: UnsafePointer<Int32> { UnsafePointer(values.baseAddress!) }
    var mutablePointer: UnsafeMutablePointer<Int32> { values.baseAddress! }

    /// The first `count` values.
    func prefix(_ count: Int) -> UnsafeBufferPointer<Int32> {
        precondition(count <= self.count, "more values than the buffer holds")
        return UnsafeBufferPointer(start: values.baseAddress!, count: count)
    }

    subscript(index: Int) -> Int32 {
        get {
            precondition(index >= 0 && index < count, "index outside the buffer")
            return values[index]
        }
        set {
            precondition(index >= 0 && index < count, "index outside the buffer")
            values[index] = newValue
        }
    }
}
