/// What a user calls a model when it is not a directory: a name or a hub id.
package struct ModelReference: Sendable, Hashable {
    /// As the user wrote it.
    package let text: String
    /// Where the files come from; nil for a name only this cache knows.
    package let hubID: String?
    /// Names of the directories it may have in the cache; the first is where a pull puts it.
    package let directoryNames: [String]

    /// - Throws: `invalidReference` when the text can be neither a name nor a hub id.
    package init(_ text: String) throws(HubError) {
        self.text = text
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count <= 2, parts.allSatisfy(Self.isName) else {
            throw HubError(.invalidReference, "'\(text)' is no directory, model name or hub id (org/name)")
        }
        if parts.count == 2 {
            hubID = text
            // The same model may have been pulled under its short name.
            directoryNames =
                [parts.joined(separator: "--")] + (ModelCatalogue.entry(hubID: text).map { [$0.name] } ?? [])
        } else if let entry = ModelCatalogue.entry(named: text) {
            hubID = entry.hubID
            directoryNames = [entry.name, entry.hubID.replacing("/", with: "--")]
        } else {
            hubID = nil
            directoryNames = [text]
        }
    }

    /// The reference a cache directory's name stands for: `openai--whisper-base` is `openai/whisper-base`.
    static func text(directoryName: String) -> String {
        guard let separator = directoryName.firstRange(of: "--") else { return directoryName }
        return directoryName[..<separator.lowerBound] + "/" + directoryName[separator.upperBound...]
    }

    /// The characters the hub allows. They keep every name inside the cache: no separator, no leading dot.
    private static func isName(_ part: String) -> Bool {
        guard let first = part.utf8.first, first != UInt8(ascii: "."), first != UInt8(ascii: "-"), part.utf8.count <= 96
        else { return false }
        return part.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }
}
