extension VocabularyFile {
    /// Reads CTranslate2's `vocabulary.json`: an array of all tokens' spellings in the order of their ids.
    mutating func readVocabularyJSON(_ text: UnsafeBufferPointer<UInt8>) throws {
        reserveCapacity(tokens: 52_000, bytes: 400_000)
        var spelling: [UInt8] = []
        var scratch: [UInt8] = []
        var id = 0
        var scanner = JSONScanner(text)
        try scanner.elements { scanner in
            try scanner.string(into: &spelling)
            try insert(spelling: spelling, id: id, scratch: &scratch)
            id += 1
        }
    }

    /// Reads CTranslate2's `vocabulary.txt`: one spelling a line, in the order of the ids.
    ///
    /// Lines end at U+000A and nowhere else, and a line may be empty: the multilingual vocabulary has an empty token.
    mutating func readVocabularyText(_ text: UnsafeBufferPointer<UInt8>) throws {
        reserveCapacity(tokens: 52_000, bytes: 400_000)
        var scratch: [UInt8] = []
        var lines = text.split(separator: 0x0A, omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        for (id, line) in lines.enumerated() { try insert(spelling: line, id: id, scratch: &scratch) }
    }
}
