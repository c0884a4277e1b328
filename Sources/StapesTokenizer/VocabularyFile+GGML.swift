import FoundationEssentials

extension VocabularyFile {
    /// `ggml`, as the little-endian number that whisper.cpp's files begin with.
    private static let magic = 0x6767_6D6C

    /// Whether a file begins as whisper.cpp's model files do; false for what cannot be opened.
    static func isGGML(_ path: String) -> Bool {
        guard let data = try? Data(contentsOf: URL(filePath: path), options: .alwaysMapped) else { return false }
        return data.withUnsafeBytes { bytes in
            var reader = HeaderReader(bytes: bytes, path: path)
            return (try? reader.number()) == magic
        }
    }

    /// The only ggml file in a folder; nil where there is none or several.
    static func ggmlFile(in directory: String) -> String? {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        let paths = names.filter { $0.hasSuffix(".bin") }.map { "\(directory)/\($0)" }.filter(isGGML)
        return paths.count == 1 ? paths[0] : nil
    }

    /// Reads the vocabulary of whisper.cpp's model file: the bytes of ordinary tokens in the order of their ids, which
    /// is the order of merging. Special tokens are not listed; they follow from the model's number of tokens.
    mutating func readGGML(_ text: UnsafeBufferPointer<UInt8>) throws {
        var reader = HeaderReader(bytes: UnsafeRawBufferPointer(text), path: path)
        guard try reader.number() == Self.magic else { throw TokenizerError(.malformed, "\(path): not a ggml file") }
        let vocabularySize = try reader.number()
        for _ in 0..<8 { _ = try reader.number() }
        let melBins = try reader.number()
        _ = try reader.number()
        guard try reader.number() == melBins, case let points = try reader.number(), (1...1024).contains(melBins),
            (1...65536).contains(points)
        else {
            throw TokenizerError(.malformed, "\(path): the mel filters are not the model's")
        }
        _ = try reader.bytes(melBins * points * 4)

        let special = try specialTokens(vocabularySize: vocabularySize)
        let count = try reader.number()
        guard (special.endOfText...vocabularySize).contains(count) else {
            throw TokenizerError(
                .inconsistent,
                "\(path): lists \(count) tokens, a model of \(vocabularySize) has \(special.endOfText) ordinary ones")
        }
        reserveCapacity(tokens: special.timestampBegin, bytes: 400_000)
        // Files of some converters list the first special tokens as well.
        for id in 0..<special.endOfText { try insert(Array(try reader.bytes(try reader.number())), id: id) }
        for (name, id) in special.names { try insert(Array("<|\(name)|>".utf8), id: id) }
    }

    private func specialTokens(vocabularySize: Int) throws(TokenizerError) -> SpecialTokens {
        // 1608 special tokens and stamps, and at least the bytes.
        guard vocabularySize >= 1608 + 256, vocabularySize <= 51866 else {
            throw TokenizerError(.inconsistent, "\(path): a model of \(vocabularySize) tokens is none of Whisper's")
        }
        return SpecialTokens(vocabularySize: vocabularySize)
    }
}

extension SpecialTokens {
    /// The tokens between the ordinary ones and the stamps, as the reference names them.
    fileprivate var names: [(String, Int)] {
        let languages = Languages.all.prefix(translate - startOfTranscript - 1).map(\.code)
        let all =
            ["endoftext", "startoftranscript"] + languages
            + ["translate", "transcribe", "startoflm", "startofprev", "nospeech", "notimestamps"]
        return all.enumerated().map { ($1, endOfText + $0) }
    }
}

/// Little-endian numbers of 32 bits and runs of bytes, each checked against the end.
private struct HeaderReader {
    let bytes: UnsafeRawBufferPointer
    let path: String
    private var offset = 0

    init(bytes: UnsafeRawBufferPointer, path: String) {
        self.bytes = bytes
        self.path = path
    }

    /// - Throws: `malformed` at the end.
    mutating func number() throws(TokenizerError) -> Int {
        let four = try bytes(4)
        return Int(Int32(littleEndian: four.loadUnaligned(as: Int32.self)))
    }

    /// - Throws: `malformed` for a negative count and at the end.
    mutating func bytes(_ count: Int) throws(TokenizerError) -> UnsafeRawBufferPointer {
        guard count >= 0, count <= bytes.count - offset else {
            throw TokenizerError(.malformed, "\(path): ends inside the vocabulary, or before it")
        }
        defer { offset += count }
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
    }
}
