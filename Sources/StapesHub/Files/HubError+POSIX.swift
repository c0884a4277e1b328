import Foundation

extension HubError {
    /// The error `errno` stands for, after a failed call.
    static func posix(_ action: String, _ number: Int32 = errno) -> HubError {
        let reason = String(cString: strerror(number))
        return switch number {
        case ENOSPC, EDQUOT: HubError(.noSpace, "\(action): no space left; what has arrived is kept for the next pull")
        default: HubError(.fileSystem, "\(action): \(reason.prefix(1).lowercased() + reason.dropFirst())")
        }
    }
}
