import Foundation
import Synchronization

/// A serial queue for URLSession's callbacks that makes the network wait for the disk.
///
/// URLSession on Linux hands every piece of a body to its delegate queue and reads on; suspending a task drops its
/// connection. With a slow disk the pieces would pile up in memory. Here the session's own thread, the only one that
/// adds, waits once `capacity` pieces (16 KiB each) are pending, so that TCP slows the sender down. Callbacks must
/// therefore not wait for the session's thread: a task is cancelled from another queue.
final class BoundedQueue: OperationQueue, @unchecked Sendable {
    // Unchecked as its superclass is; the only state is the semaphore.
    private let free: DispatchSemaphore

    init(capacity: Int = 256) {
        free = DispatchSemaphore(value: capacity)
        super.init()
        maxConcurrentOperationCount = 1
    }

    override func addOperation(_ block: @escaping @Sendable () -> Void) {
        free.wait()
        super.addOperation { [free] in
            block()
            free.signal()
        }
    }
}
