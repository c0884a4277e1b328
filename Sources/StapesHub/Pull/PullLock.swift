import Foundation

/// Held while a model is pulled or removed. The kernel lets go of it when the process ends, however it ends; the empty
/// file stays, since removing it would let two processes lock two files of one name.
final class PullLock: Sendable {
    private let file: OpenFile

    /// - Throws: `busy` at once when another holds it; `fileSystem`.
    init(_ incoming: IncomingDirectory, model: String) throws(HubError) {
        file = try OpenFile(path: incoming.lockPath, flags: O_RDWR | O_CREAT)
        guard flock(file.descriptor, LOCK_EX | LOCK_NB) == 0 else {
            if errno == EWOULDBLOCK {
                throw HubError(
                    .busy, "model '\(model)' is being pulled by another process (it holds \(incoming.lockPath))")
            }
            throw .posix("cannot lock '\(incoming.lockPath)'")
        }
    }
}
