import Foundation

/// Writes a response's body to the partial file.
struct FileReceiver: HTTPReceiver {
    let partial: PartialFile
    /// Bytes that were there when the request was made.
    let offset: Int
    /// Called with the file's new size.
    let onGrowth: @Sendable (Int) -> Void

    func begin(_ head: HTTPHead) throws(HubError) -> Bool {
        switch RangeDisposition(head, offset: offset, byteCount: partial.expected.byteCount) {
        case .append: break
        case .wholeFile: try partial.restart()
        case .startOver, .tryLater, .refused: return false
        }
        try partial.note(entityTag: head["etag"])
        return true
    }

    func receive(_ data: Data) throws(HubError) {
        onGrowth(try partial.append(data))
    }
}
