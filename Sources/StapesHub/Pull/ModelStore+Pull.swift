extension ModelStore {
    /// Fetches a model into the cache: what is missing of it, checked by size and hash, and moved to its place when all
    /// is there. A pull that fails leaves what has arrived for the next.
    ///
    /// - Parameters:
    ///   - reference: a known name or a hub id.
    ///   - progress: called on another thread with every piece; it should return soon.
    /// - Throws: any code of ``HubError``; `offline` at once when the model is not there and the network is forbidden.
    package func pull(
        _ reference: String, options: PullOptions = PullOptions(),
        progress: (@Sendable (PullProgress) -> Void)? = nil
    ) async throws(HubError) -> PulledModel {
        let model = try ModelReference(reference)
        guard let hubID = model.hubID else { throw unknown(reference) }
        if let present = try present(model, options: options) { return present }
        if options.isOffline {
            throw HubError(.offline, "model '\(reference)' is not in \(root), and it cannot be pulled offline")
        }
        let incoming = IncomingDirectory(root: root, name: model.directoryNames[0])
        try FileTree.makeDirectory(incoming.path)
        let lock = try PullLock(incoming, model: reference)
        defer { withExtendedLifetime(lock) {} }
        // Another process may have finished between the first look and the lock.
        if let present = try present(model, options: options) { return present }
        // And its move took the directory along.
        try FileTree.makeDirectory(incoming.path)

        let api = try HubAPI(repository: hubID, options: options)
        let commit = try await api.commit(of: options.revision)
        let plan = try DownloadPlan(await api.files(at: commit ?? options.revision), repository: hubID)
        try incoming.keepOnly(plan.files.map(\.path))
        try checkRoom(for: plan, in: incoming)
        let files = try await download(
            plan, api: api, revision: commit ?? options.revision, to: incoming, progress: progress)
        let manifest = Manifest(
            source: api.source, repository: hubID, revision: options.revision, commit: commit, files: files)
        try manifest.write(directory: incoming.path)

        let missing = ModelDirectory(path: incoming.path).missing
        if !missing.isEmpty {
            throw HubError(
                .unsupportedRepository, "\(hubID) is not a complete model: it lacks \(missing.joined(separator: ", "))")
        }
        try incoming.install()
        return PulledModel(path: "\(root)/\(incoming.name)", wasPresent: false, byteCount: plan.byteCount)
    }

    /// The model if it is there, complete, and of the revision asked for.
    private func present(_ model: ModelReference, options: PullOptions) throws(HubError) -> PulledModel? {
        guard !options.isForced, let directory = installed(model), directory.isComplete else { return nil }
        if let manifest = try Manifest.read(directory: directory.path) {
            guard [manifest.revision, manifest.commit].contains(options.revision) else { return nil }
        }
        return PulledModel(path: directory.path, wasPresent: true, byteCount: directory.byteCount)
    }

    private func download(
        _ plan: DownloadPlan, api: HubAPI, revision: String, to incoming: IncomingDirectory,
        progress: (@Sendable (PullProgress) -> Void)?
    ) async throws(HubError) -> [Manifest.File] {
        var files: [Manifest.File] = []
        var finishedByteCount = 0
        for file in plan.files {
            let before = finishedByteCount
            let download = FileDownload(file: file, api: api, revision: revision, directory: incoming.path) { count in
                progress?(
                    PullProgress(file: file.path, receivedByteCount: before + count, totalByteCount: plan.byteCount))
            }
            files.append(.init(path: file.path, size: file.byteCount, sha256: try await download.run()))
            finishedByteCount += file.byteCount
        }
        return files
    }

    /// Says that the disk is too small before hours are spent on it.
    private func checkRoom(for plan: DownloadPlan, in incoming: IncomingDirectory) throws(HubError) {
        let there = FileTree.names(in: incoming.path).compactMap { FileTree.byteCount("\(incoming.path)/\($0)") }
        let needed = plan.byteCount - there.reduce(0, +)
        guard let free = FileTree.freeBytes(at: incoming.path), free < needed else { return }
        throw HubError(.noSpace, "no space for the model in \(root): \(needed) bytes are needed and \(free) are free")
    }
}
