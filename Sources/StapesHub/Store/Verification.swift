/// What ``ModelStore/verify(_:)`` found.
package struct Verification: Sendable, Hashable {
    package enum Outcome: Sendable, Hashable {
        /// Size and hash are the manifest's.
        case matches
        /// The content is another than the manifest's.
        case differs
        /// The manifest lists it, or the model needs it.
        case missing
        /// Hashed, with nothing to compare with.
        case unlisted
    }

    package struct File: Sendable, Hashable {
        package let name: String
        package let outcome: Outcome
        package let byteCount: Int
        /// nil for a missing file.
        package let sha256: String?
    }

    package let path: String
    package let format: ModelFormat?
    /// nil for a model assembled without one.
    package let manifest: Manifest?
    package let files: [File]

    /// Nothing is missing and nothing differs.
    package var isSound: Bool { files.allSatisfy { $0.outcome == .matches || $0.outcome == .unlisted } }
}
