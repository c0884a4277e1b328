import Foundation
import Synchronization

/// Keeps a small body in memory.
final class BodyBuffer: HTTPReceiver {
    /// More than any file list needs; less than would hurt.
    static let maximumByteCount = 16 << 20

    private let content = Mutex(Data())

    var data: Data { content.withLock { $0 } }

    func begin(_ head: HTTPHead) -> Bool { head.status == 200 }

    func receive(_ data: Data) throws(HubError) {
        let isTooLarge = content.withLock { content in
            content.append(data)
            return content.count > Self.maximumByteCount
        }
        if isTooLarge {
            throw HubError(.badResponse, "the hub's answer is longer than \(Self.maximumByteCount) bytes")
        }
    }
}
