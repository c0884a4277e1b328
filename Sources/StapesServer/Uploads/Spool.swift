import Glibc
import NIOPosix
import StapesAPI
import StapesAudio

/// The bytes of one upload: in memory as long as they are few, then in a file without a name, which is gone with the
/// last descriptor whatever happens to the process.
final class Spool {
    private let budget: SpoolBudget
    private let memoryLimit: Int
    private let directory: String
    /// What is not in the file yet.
    private var memory: [UInt8] = []
    private var descriptor: Int32?
    private(set) var byteCount = 0
    /// The first bytes, by which formats are known.
    private var head: [UInt8] = []

    init(budget: SpoolBudget, memoryLimit: Int, directory: String) {
        self.budget = budget
        self.memoryLimit = memoryLimit
        self.directory = directory
    }

    deinit {
        if let descriptor { close(descriptor) }
        budget.give(back: byteCount)
    }

    /// - Throws: `unavailable` if there is no room.
    func append(_ bytes: some Collection<UInt8>) async throws(APIError) {
        try budget.take(bytes.count)
        byteCount += bytes.count
        if head.count < AudioEstimate.headBytes { head += bytes.prefix(AudioEstimate.headBytes - head.count) }
        memory += bytes
        if memory.count > memoryLimit { try await flush() }
    }

    /// Seconds of audio, roughly.
    var estimatedSeconds: Double { AudioEstimate.seconds(head: head, byteCount: byteCount) }

    /// What was uploaded, for as long as the spool lives.
    ///
    /// - Throws: `unavailable` if there is no room.
    func source() async throws(APIError) -> AudioSource {
        guard descriptor != nil else { return .bytes(memory) }
        try await flush()
        guard let descriptor else { preconditionFailure("a file that was written is there") }
        return .file(path: "/proc/self/fd/\(descriptor)")
    }

    /// Writing may wait for a disk: not on a thread of the cooperative pool.
    private func flush() async throws(APIError) {
        let (memory, directory, current) = (memory, directory, descriptor)
        let result: Result<Int32, APIError>
        do {
            result = try await NIOThreadPool.singleton.runIfActive {
                Self.write(memory, to: current, in: directory)
            }
        } catch {
            throw APIError(.unavailable, "The server is about to end.")
        }
        descriptor = try result.get()
        self.memory.removeAll(keepingCapacity: true)
    }

    private static func write(
        _ bytes: [UInt8], to descriptor: Int32?, in directory: String
    ) -> Result<Int32, APIError> {
        let file = descriptor ?? nameless(in: directory)
        guard file >= 0 else { return .failure(noRoom(errno)) }
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress! + written, bytes.count - written) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let cause = errno
                // One that was there before is closed by its owner.
                if descriptor == nil { close(file) }
                return .failure(noRoom(cause))
            }
            written += count
        }
        return .success(file)
    }

    /// - Returns: a descriptor, or -1 with `errno` set.
    private static func nameless(in directory: String) -> Int32 {
        var template = "\(directory)/stapes-upload-XXXXXX".utf8CString
        return template.withUnsafeMutableBufferPointer { name -> Int32 in
            guard let name = name.baseAddress else { return -1 }
            let file = mkstemp(name)
            if file >= 0 { _ = fcntl(file, F_SETFD, FD_CLOEXEC) }
            if file >= 0 { unlink(name) }
            return file
        }
    }

    private static func noRoom(_ cause: Int32) -> APIError {
        APIError(.unavailable, "The upload cannot be kept: \(String(cString: strerror(cause))).")
    }
}
