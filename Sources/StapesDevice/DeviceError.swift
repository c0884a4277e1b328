/// What can go wrong between the engine and the device.
package struct DeviceError: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable, Hashable {
        case outOfMemory
        case unavailable
        case unsupportedShape
        /// The device did not do what it was told.
        case failed
        /// The device does nothing any more for this process.
        case lost
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
