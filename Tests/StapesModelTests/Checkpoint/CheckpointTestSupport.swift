import StapesModel
import StapesTesting
import Testing

extension RandomCheckpoint {
    /// A few hundred numbers: small enough to corrupt at every byte.
    static let tiny = RandomCheckpoint(
        configuration: .random(
            vocabularySize: 3, width: 4, heads: 2, encoderLayers: 1, decoderLayers: 2, melBins: 2, audioContext: 3,
            textContext: 2))
}

extension Checkpoint {
    /// Keeps the directory in place until it is open.
    init(_ directory: TemporaryDirectory) throws(ModelError) {
        defer { withExtendedLifetime(directory) {} }
        try self.init(directory: directory.path)
    }
}

/// Opens `directory` and expects an error with `code` whose one line names `file`.
func expectError(
    _ code: ModelError.Code, naming file: String, in directory: TemporaryDirectory,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    do throws(ModelError) {
        _ = try Checkpoint(directory)
        Issue.record("opened", sourceLocation: sourceLocation)
    } catch {
        #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
        #expect(error.message.contains(file), "\(error)", sourceLocation: sourceLocation)
        #expect(!error.message.contains("\n"), "\(error)", sourceLocation: sourceLocation)
    }
}
