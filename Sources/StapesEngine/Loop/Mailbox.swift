#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A bounded queue into the engine's thread.
///
/// Unchecked, because the compiler cannot see that `mutex` guards `messages` and the two flags. A condition variable is
/// needed, which the standard library's `Mutex` does not come with.
final class Mailbox<Message: Sendable>: @unchecked Sendable {
    private let capacity: Int
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let arrived: UnsafeMutablePointer<pthread_cond_t>
    private var messages: [Message] = []
    private var isClosed = false
    /// The receiver has gone: not even what is urgent will be read.
    private var isAbandoned = false

    init(capacity: Int) {
        self.capacity = capacity
        mutex = .allocate(capacity: 1)
        arrived = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(arrived, nil)
    }

    deinit {
        pthread_cond_destroy(arrived)
        pthread_mutex_destroy(mutex)
        arrived.deallocate()
        mutex.deallocate()
    }

    enum Refusal: Error {
        case full
        case closed
    }

    /// - Parameters:
    ///   - overfills: goes in even when the mailbox is full.
    ///   - urgent: goes in even when the mailbox is full or closed: taking a request back must be possible as long as
    ///     there is someone to do it.
    func send(_ message: Message, overfills: Bool = false, urgent: Bool = false) throws(Refusal) {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        guard !isAbandoned, urgent || !isClosed else { throw .closed }
        guard urgent || overfills || messages.count < capacity else { throw .full }
        messages.append(message)
        pthread_cond_signal(arrived)
    }

    /// No more messages come in; those that are there are still handed out.
    func close() {
        pthread_mutex_lock(mutex)
        isClosed = true
        pthread_cond_signal(arrived)
        pthread_mutex_unlock(mutex)
    }

    /// All messages that are there.
    ///
    /// - Parameter waiting: there is nothing else to do: waits for a message. Nil, and the end of the mailbox, if it is
    ///   closed and empty.
    func take(waiting: Bool) -> [Message]? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while waiting, messages.isEmpty, !isClosed { pthread_cond_wait(arrived, mutex) }
        if waiting, messages.isEmpty {
            isAbandoned = true
            return nil
        }
        defer { messages.removeAll(keepingCapacity: true) }
        return messages
    }
}
