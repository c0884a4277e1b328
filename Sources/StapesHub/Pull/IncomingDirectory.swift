/// Where the files of one model gather until all are there: `<root>/.incoming/<name>/`.
struct IncomingDirectory: Sendable, Hashable {
    let root: String
    let name: String

    var parent: String { "\(root)/.incoming" }
    var path: String { "\(parent)/\(name)" }
    var lockPath: String { "\(parent)/\(name).lock" }
    /// Where an older copy of the model waits for its removal.
    var replacedPath: String { "\(parent)/\(name).replaced" }

    /// Removes files that belong to no file of the plan, such as those of another revision.
    func keepOnly(_ files: [String]) throws(HubError) {
        let names = Set(files.flatMap { [$0, PartialFile.partialName($0), PartialFile.recordName($0)] })
        for name in FileTree.names(in: path) where !names.contains(name) { try FileTree.remove("\(path)/\(name)") }
    }

    /// Moves the finished directory to its place; readers see the old model, for an instant none, or the new.
    func install() throws(HubError) {
        let target = "\(root)/\(name)"
        try FileTree.synchronizeDirectory(path)
        try FileTree.remove(replacedPath)
        if FileTree.isDirectory(target) { try FileTree.rename(target, to: replacedPath) }
        try FileTree.rename(path, to: target)
        try FileTree.synchronizeDirectory(root)
        try FileTree.remove(replacedPath)
    }
}
