/// The models on this machine: from a reference to a directory, or to a ggml file.
///
/// `<root>/<name>/` for known names, `<root>/<org>--<name>/` for hub ids, `<root>/.incoming/` for pulls under way.
/// The network is touched by ``pull(_:options:progress:)`` only.
package struct ModelStore: Sendable {
    package let root: String

    /// - Parameter root: the cache directory, which need not exist; nil for ``CacheRoot/path(environment:)``.
    package init(root: String? = nil) {
        var root = root ?? CacheRoot.path()
        while root.count > 1 && root.hasSuffix("/") { root.removeLast() }
        self.root = root
    }

    /// The directory of a complete model, or the one file it consists of.
    ///
    /// - Parameter reference: a directory, a ggml file, a known name (`base`, `turbo`), a hub id (`org/name`) or the name
    ///   of a directory in the cache. An existing directory wins where the text looks like a path or it holds
    ///   `config.json` or a ggml file.
    /// - Throws: `incomplete`, `notInstalled`, `unknownModel`, `invalidReference`; the message says what to run.
    package func resolve(_ reference: String) throws(HubError) -> String {
        let directory = try locate(reference)
        if directory.isComplete { return directory.path }
        let missing = directory.missing.joined(separator: ", ")
        if let pulled = try? ModelReference(reference), pulled.hubID != nil, directory.path.hasPrefix(root + "/") {
            throw HubError(
                .incomplete, "model '\(reference)' in \(directory.path) lacks \(missing): \(pullAdvice(reference))")
        }
        throw HubError(.incomplete, "'\(directory.path)' is not a complete model: it lacks \(missing)")
    }

    /// The directory or ggml file a reference stands for, complete or not.
    func locate(_ reference: String) throws(HubError) -> ModelDirectory {
        if let path = directoryPath(reference) { return ModelDirectory(path: path) }
        if reference.hasPrefix("/") || reference.hasPrefix(".") || reference.hasPrefix("~") {
            let reason =
                FileTree.byteCount(reference) == nil
                ? "there is no such directory" : "it is a file, and not a ggml file; other models are directories"
            throw HubError(.notInstalled, "no model at '\(reference)': \(reason)")
        }
        let model = try ModelReference(reference)
        if let directory = installed(model) { return directory }
        guard model.hubID != nil else { throw unknown(reference) }
        throw HubError(.notInstalled, "model '\(reference)' is not in \(root): \(pullAdvice(reference))")
    }

    /// The reference's directory in the cache; a complete one is preferred when it has two.
    func installed(_ model: ModelReference) -> ModelDirectory? {
        let found = model.directoryNames.map { "\(root)/\($0)" }.filter(FileTree.isDirectory).map(
            ModelDirectory.init(path:))
        return found.first(where: \.isComplete) ?? found.first
    }

    func unknown(_ reference: String) -> HubError {
        let suggestion = ModelCatalogue.suggestion(for: reference).map { ", did you mean '\($0)'?" } ?? ";"
        let known = ModelCatalogue.names.joined(separator: ", ")
        return HubError(
            .unknownModel,
            "no model is called '\(reference)'\(suggestion) known are \(known), hub ids (org/name), directories and ggml files"
        )
    }

    private func directoryPath(_ reference: String) -> String? {
        if FileTree.byteCount(reference) != nil, reference.contains("/") || reference.hasSuffix(".bin"),
            case let model = ModelDirectory(path: reference), model.isComplete
        {
            return reference
        }
        guard FileTree.isDirectory(reference) else { return nil }
        let looksLikePath = reference.contains("/") || reference.hasPrefix(".")
        guard
            looksLikePath || FileTree.byteCount("\(reference)/\(ModelDirectory.configurationName)") != nil
                || ModelDirectory(path: reference).format == .ggml
        else {
            return nil
        }
        var path = reference
        while path.count > 1 && path.hasSuffix("/") { path.removeLast() }
        return path
    }

    private func pullAdvice(_ reference: String) -> String {
        let place = root == ModelStore().root ? "" : " --model-dir '\(root)'"
        return "run 'stapes models pull \(reference)\(place)'"
    }
}
