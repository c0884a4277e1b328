import FoundationEssentials

/// What a vocabulary file says, whatever its format.
struct VocabularyFile {
    /// Path, for messages.
    let path: String
    private(set) var table = TokenTable()
    /// Ids of the tokens that look like `<|this|>`.
    private(set) var specialNames: [String: Int] = [:]
    /// What each merge makes, in the file's order; empty if the file lists no merges.
    var mergedTokens = MergedTokens()

    private typealias Reader = @Sendable (inout VocabularyFile, UnsafeBufferPointer<UInt8>) throws -> Void

    /// The tokenizer files a model folder can hold, best first. Only `tokenizer.json` also lists merges.
    private static let formats: [(name: String, read: Reader)] = [
        ("tokenizer.json", { try $0.readTokenizerJSON($1) }),
        ("vocabulary.json", { try $0.readVocabularyJSON($1) }),
        ("vocabulary.txt", { try $0.readVocabularyText($1) }),
    ]

    /// Reads the first tokenizer file found in a folder, else the vocabulary of the one ggml file in it.
    ///
    /// - Parameter directory: the folder, or a ggml file.
    /// - Throws: `missingFile`, `unreadable`, `malformed`, `inconsistent`.
    init(directory: String) throws(TokenizerError) {
        let (path, read) = try Self.find(in: directory)
        self.path = path
        let data: Data
        do {
            data = try Data(contentsOf: URL(filePath: path), options: .mappedIfSafe)
        } catch {
            throw TokenizerError(.unreadable, "\(path): cannot be read", cause: error)
        }
        do {
            try data.withUnsafeBytes { try read(&self, $0.bindMemory(to: UInt8.self)) }
        } catch let error as TokenizerError {
            throw error
        } catch {
            throw TokenizerError(.malformed, "\(path): \(error)", cause: error)
        }
    }

    private static func find(in directory: String) throws(TokenizerError) -> (path: String, read: Reader) {
        let ggml: Reader = { try $0.readGGML($1) }
        if isGGML(directory) { return (directory, ggml) }
        for (name, read) in formats where FileManager.default.fileExists(atPath: "\(directory)/\(name)") {
            return ("\(directory)/\(name)", read)
        }
        if let path = ggmlFile(in: directory) { return (path, ggml) }
        let names = formats.map(\.name).joined(separator: ", ")
        throw TokenizerError(.missingFile, "\(directory): no tokenizer file (looked for \(names), a ggml file)")
    }

    /// - Throws: `inconsistent` if the id is out of range or taken.
    mutating func insert(_ bytes: [UInt8], id: Int) throws(TokenizerError) {
        // Ids index arrays: a wild one must not make us allocate gigabytes.
        guard (0..<1_000_000).contains(id) else {
            throw TokenizerError(.inconsistent, "\(path): the token id \(id) is out of range")
        }
        guard table.insert(bytes, id: id) else {
            // A tokenizer.json may list a special token twice: in the vocabulary and among the added ones.
            if table.bytes(of: id).map({ $0.elementsEqual(bytes) }) == true { return }
            throw TokenizerError(.inconsistent, "\(path): two tokens have the id \(id)")
        }
        if bytes.starts(with: "<|".utf8), bytes.suffix(2).elementsEqual("|>".utf8) {
            specialNames[String(decoding: bytes, as: UTF8.self)] = id
        }
    }

    mutating func insert(spelling: some Collection<UInt8>, id: Int, scratch: inout [UInt8]) throws(TokenizerError) {
        scratch.removeAll(keepingCapacity: true)
        guard ByteAlphabet.append(spelling: spelling, to: &scratch) else {
            let text = String(decoding: spelling, as: UTF8.self)
            throw TokenizerError(
                .malformed, "\(path): the token '\(text)' (\(id)) is not spelled in GPT-2's byte alphabet")
        }
        try insert(scratch, id: id)
    }

    mutating func reserveCapacity(tokens: Int, bytes: Int) {
        table.reserveCapacity(tokens: tokens, bytes: bytes)
    }

    /// Makes the ordinary tokens findable by their bytes and checks that they are complete.
    ///
    /// - Parameter endOfText: the first id that is not ordinary.
    mutating func index(below endOfText: Int) throws(TokenizerError) {
        for id in 0..<endOfText where table.bytes(of: id) == nil {
            throw TokenizerError(.inconsistent, "\(path): no token has the id \(id)")
        }
        if let id = table.index(below: endOfText) {
            throw TokenizerError(.inconsistent, "\(path): the token \(id) is there twice")
        }
        for byte in UInt8.min...UInt8.max {
            guard withUnsafeBytes(of: byte, { table.id(of: $0.bindMemory(to: UInt8.self)) }) != nil else {
                throw TokenizerError(.inconsistent, "\(path): no token stands for the byte \(byte)")
            }
        }
        try checkMergeOrder()
    }

    /// Merging goes by ids, as the reference's does, so a file whose merges have another order would be read wrongly.
    private func checkMergeOrder() throws(TokenizerError) {
        var previous = -1
        for index in 0..<mergedTokens.count {
            guard let id = mergedTokens.withBytes(of: index, { table.id(of: $0) }) else {
                throw TokenizerError(
                    .inconsistent, "\(path): merge \(index) makes a token that is not in the vocabulary")
            }
            guard id > previous else {
                throw TokenizerError(.inconsistent, "\(path): merge \(index) is not in the order of the token ids")
            }
            previous = id
        }
    }
}
