extension ModelStore {
    /// Removes a model from the cache, and what an unfinished pull of it left. Directories outside the cache are
    /// never touched, so a path is refused.
    ///
    /// - Returns: the directories that were removed.
    /// - Throws: `notInstalled` when there was nothing, `busy` during a pull, `invalidReference`, `fileSystem`.
    @discardableResult
    package func remove(_ reference: String) throws(HubError) -> [String] {
        let model = try ModelReference(reference)
        var removed: [String] = []
        for name in model.directoryNames {
            let incoming = IncomingDirectory(root: root, name: name)
            let targets = ["\(root)/\(name)", incoming.path, incoming.replacedPath].filter(FileTree.isDirectory)
            if targets.isEmpty { continue }
            let lock = FileTree.isDirectory(incoming.parent) ? try PullLock(incoming, model: reference) : nil
            defer { withExtendedLifetime(lock) {} }
            for target in targets { try FileTree.remove(target) }
            removed += targets
        }
        if removed.isEmpty { throw HubError(.notInstalled, "model '\(reference)' is not in \(root)") }
        return removed
    }
}
