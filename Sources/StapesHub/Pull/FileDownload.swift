/// Brings one file to the incoming directory, going on where an earlier attempt or pull stopped.
struct FileDownload: Sendable {
    let file: RemoteFile
    let api: HubAPI
    let revision: String
    let directory: String
    /// Called with the bytes of this file that are there.
    let onGrowth: @Sendable (Int) -> Void

    /// - Returns: the file's SHA-256.
    /// - Throws: what the last attempt ended with; the bytes so far are kept unless they are known to be wrong.
    func run() async throws(HubError) -> String {
        if let hash = try hashOfFinishedFile() { return hash }
        let partial = try PartialFile(file, directory: directory)
        var mayStartOver = partial.count > 0
        while true {
            do throws(HubError) {
                mayStartOver = try await fill(partial) || mayStartOver
                return try partial.finish()
            } catch  where error.code == .contentMismatch {
                try partial.restart()
                // The bytes of an earlier attempt may be to blame: once, all of it is asked for anew.
                guard mayStartOver else { throw error }
                mayStartOver = false
            }
        }
    }

    /// Requests the rest until the file has its size.
    ///
    /// - Returns: whether it was put together from several answers.
    private func fill(_ partial: PartialFile) async throws(HubError) -> Bool {
        var retries = RetryPolicy(attempts: api.options.attempts, delay: api.options.retryDelay)
        var isContinued = false
        while partial.count < file.byteCount {
            onGrowth(partial.count)
            do throws(HubError) {
                try await request(into: partial)
            } catch {
                try await HubAPI.sleep(retries.pause(after: error, count: partial.count))
                isContinued = isContinued || partial.count > 0
            }
        }
        return isContinued
    }

    private func request(into partial: PartialFile) async throws(HubError) {
        let offset = partial.count
        var headers: [String: String] = [:]
        if offset > 0 {
            headers["Range"] = "bytes=\(offset)-"
            headers["If-Range"] = partial.entityTag
        }
        let address = api.contentAddress(file.path, revision: revision)
        let receiver = FileReceiver(partial: partial, offset: offset, onGrowth: onGrowth)
        let head = try await api.client.get(address, headers: headers, into: receiver)
        let place = address.publicDescription
        switch RangeDisposition(head, offset: offset, byteCount: file.byteCount) {
        case .append, .wholeFile:
            if partial.count < file.byteCount {
                throw HubError(.interrupted, "\(place) ended after \(partial.count) of \(file.byteCount) bytes")
            }
        case .startOver:
            try partial.restart()
            throw HubError(.interrupted, "\(place) answered with bytes that were not asked for (status \(head.status))")
        case .tryLater, .refused:
            try api.check(head, revision: revision, file: file.path)
        }
    }

    /// The hash of a file an earlier pull finished; nil when there is none or it is another file by now.
    private func hashOfFinishedFile() throws(HubError) -> String? {
        let path = "\(directory)/\(file.path)"
        guard FileTree.byteCount(path) == file.byteCount else { return nil }
        guard let hash = try FileDigest.sha256(ofFile: path, matching: file) else { return nil }
        onGrowth(file.byteCount)
        return hash
    }
}
