/// The weights of Silero's network for voice activity at 16 kHz, version 6.0.
///
/// The file is the one that faster-whisper runs, so that the same audio is cut at the same samples.
package struct VoiceActivityWeights: Sendable {
    /// Below the folder of models.
    package static let directoryName = "silero-vad"
    package static let fileName = "silero_vad_v6.onnx"

    /// The weights by name and shape: the Fourier transform as a convolution, four convolutions `[out, in, taps]`, an
    /// LSTM with its gates in the order input, output, forget, cell and a bias of either product, and the output.
    package static let layout: [(name: String, shape: [Int])] = [
        ("encoder.feature_extractor.forward_basis_buffer", [258, 1, 256]),
        ("encoder.conv_layers.0.weight", [128, 129, 3]), ("encoder.conv_layers.0.bias", [128]),
        ("encoder.conv_layers.1.weight", [64, 128, 3]), ("encoder.conv_layers.1.bias", [64]),
        ("encoder.conv_layers.2.weight", [64, 64, 3]), ("encoder.conv_layers.2.bias", [64]),
        ("encoder.conv_layers.3.weight", [128, 64, 3]), ("encoder.conv_layers.3.bias", [128]),
        ("onnx::LSTM_209", [1, 512, 128]), ("onnx::LSTM_210", [1, 512, 128]), ("onnx::LSTM_211", [1, 1024]),
        ("decoder.conv1d.weight", [1, 128, 1]), ("decoder.conv1d.bias", [1]),
    ]

    /// All values in the order of ``layout``, row-major.
    package let values: [Float]

    package init(values: [Float]) {
        precondition(values.count == Self.count, "the network has \(Self.count) weights")
        self.values = values
    }

    package static let count = layout.reduce(0) { $0 + $1.shape.reduce(1, *) }

    /// - Parameter directory: the folder that holds ``fileName``.
    /// - Throws: `missingFile` with the way to get it; `unreadableFile`, `truncatedFile`, `malformedFile`,
    ///   `missingTensor`, `shapeMismatch`, `unsupportedElementType`.
    package init(directory: String) throws(ModelError) {
        let path = "\(directory)/\(Self.fileName)"
        let file = try Self.open(path)
        var values: [Float] = []
        values.reserveCapacity(Self.count)
        for (name, shape) in Self.layout { values += try file.values(of: name, shape: shape) }
        guard values.allSatisfy(\.isFinite) else {
            throw ModelError(.malformedFile, "\(path): holds weights that are no numbers")
        }
        self.init(values: values)
    }

    private static func open(_ path: String) throws(ModelError) -> ONNXFile {
        do {
            return try ONNXFile(path: path)
        } catch  where error.code == .missingFile {
            throw ModelError(
                .missingFile,
                "\(path): no such file; voice activity needs the weights of Silero's network: run "
                    + "'Scripts/fetch-model \(directoryName)' or copy \(fileName) there from faster-whisper 1.2.1",
                cause: error)
        }
    }
}
