import Foundation
import Synchronization

/// One file on its way to the disk: `<name>.part`, hashed as it grows.
///
/// Beside it `<name>.part.json` records which content the bytes belong to, so that a later pull knows whether it may
/// go on.
final class PartialFile: Sendable {
    struct Record: Codable {
        /// The hash the whole file must have.
        let digest: String
        /// The host's entity tag of the bytes so far, if it gave a strong one.
        var entityTag: String?
    }

    private struct State: ~Copyable {
        let file: OpenFile
        var hasher: ContentHasher
        var count: Int
        var record: Record
    }

    let expected: RemoteFile
    private let directory: String
    private let state: Mutex<State>

    static func partialName(_ name: String) -> String { name + ".part" }
    static func recordName(_ name: String) -> String { name + ".part.json" }

    private var path: String { "\(directory)/\(Self.partialName(expected.path))" }
    private var recordPath: String { "\(directory)/\(Self.recordName(expected.path))" }

    /// Opens what is there, if it belongs to the expected content, and hashes it; else begins anew.
    ///
    /// - Throws: `fileSystem`, `noSpace`.
    init(_ expected: RemoteFile, directory: String) throws(HubError) {
        self.expected = expected
        self.directory = directory
        let path = "\(directory)/\(Self.partialName(expected.path))"
        let recordPath = "\(directory)/\(Self.recordName(expected.path))"
        let found = FileManager.default.contents(atPath: recordPath).flatMap {
            try? JSONDecoder().decode(Record.self, from: $0)
        }
        let record = found?.digest == expected.digest.hexadecimal ? found : nil
        let file = try OpenFile(path: path, flags: O_RDWR | O_CREAT)
        var hasher = try expected.makeHasher()
        var count = 0
        if record == nil { try file.truncate() } else { count = try FileDigest.feed(file, to: &hasher) }
        if count > expected.byteCount {
            try file.truncate()
            hasher = try expected.makeHasher()
            count = 0
        }
        let kept = record ?? Record(digest: expected.digest.hexadecimal)
        if record == nil { try Self.write(kept, to: recordPath) }
        state = Mutex(State(file: file, hasher: hasher, count: count, record: kept))
    }

    var count: Int { state.withLock { $0.count } }
    var entityTag: String? { state.withLock { $0.record.entityTag } }

    /// Begins from nothing.
    func restart() throws(HubError) {
        try state.withLock { state throws(HubError) in
            try state.file.truncate()
            state.hasher = try expected.makeHasher()
            state.count = 0
        }
    }

    /// Remembers the host's tag for the bytes that follow. Weak tags do not vouch for bytes and are dropped.
    func note(entityTag: String?) throws(HubError) {
        let tag = entityTag?.hasPrefix("\"") == true ? entityTag : nil
        try state.withLock { state throws(HubError) in
            guard state.record.entityTag != tag else { return }
            state.record.entityTag = tag
            try Self.write(state.record, to: recordPath)
        }
    }

    /// - Throws: `contentMismatch` when there is more than there should be; `fileSystem`, `noSpace`.
    func append(_ data: Data) throws(HubError) -> Int {
        try state.withLock { state throws(HubError) in
            guard state.count + data.count <= expected.byteCount else {
                throw HubError(
                    .contentMismatch, "\(expected.path) is longer than the \(expected.byteCount) bytes the hub lists")
            }
            try data.bytes.withUnsafeBytes { (bytes) throws(HubError) in
                try state.file.write(bytes)
                state.hasher.update(bytes)
            }
            state.count += data.count
            return state.count
        }
    }

    /// Checks the hash of the complete file, makes it durable and gives it its name.
    ///
    /// - Returns: its SHA-256.
    /// - Throws: `contentMismatch`; `fileSystem`, `noSpace`.
    func finish() throws(HubError) -> String {
        let hashes = try state.withLock { state throws(HubError) in
            precondition(state.count == expected.byteCount, "a partial file was finished before it was complete")
            try state.file.synchronize()
            var hasher = try expected.makeHasher()
            swap(&hasher, &state.hasher)
            return hasher.finalize()
        }
        guard expected.digest.matches(hashes) else {
            throw HubError(
                .contentMismatch,
                "\(expected.path) does not have the hash the hub lists (\(expected.digest.hexadecimal))")
        }
        try FileTree.rename(path, to: "\(directory)/\(expected.path)")
        try FileTree.remove(recordPath)
        return hashes.sha256
    }

    private static func write(_ record: Record, to path: String) throws(HubError) {
        guard let content = try? JSONEncoder().encode(record) else { preconditionFailure("a record cannot be encoded") }
        try FileTree.write(content, to: path)
    }
}
