extension VocabularyFile {
    /// Reads Hugging Face's `tokenizer.json`: `model.vocab`, `model.merges` and `added_tokens`.
    mutating func readTokenizerJSON(_ text: UnsafeBufferPointer<UInt8>) throws {
        reserveCapacity(tokens: 52_000, bytes: 400_000)
        var vocabularySeen = false
        var scanner = JSONScanner(text)
        try scanner.members { scanner, key in
            if key.elementsEqual("added_tokens".utf8) {
                try readAddedTokens(&scanner)
            } else if key.elementsEqual("model".utf8) {
                try scanner.members { scanner, key in
                    if key.elementsEqual("vocab".utf8) {
                        vocabularySeen = true
                        try readVocabulary(&scanner)
                    } else if key.elementsEqual("merges".utf8) {
                        try readMerges(&scanner)
                    } else {
                        try scanner.skipValue()
                    }
                }
            } else {
                try scanner.skipValue()
            }
        }
        guard vocabularySeen else { throw TokenizerError(.malformed, "\(path): model.vocab is missing") }
    }

    /// `{"spelling": id, ...}`
    private mutating func readVocabulary(_ scanner: inout JSONScanner) throws {
        var scratch: [UInt8] = []
        try scanner.members { scanner, spelling in
            let id = try scanner.integer()
            try insert(spelling: spelling, id: id, scratch: &scratch)
        }
    }

    /// `[{"id": 50257, "content": "<|endoftext|>", ...}, ...]`; their content is plain text.
    private mutating func readAddedTokens(_ scanner: inout JSONScanner) throws {
        try scanner.elements { scanner in
            var id: Int?
            var content: [UInt8]?
            var bytes: [UInt8] = []
            try scanner.members { scanner, key in
                if key.elementsEqual("id".utf8) {
                    id = try scanner.integer()
                } else if key.elementsEqual("content".utf8) {
                    try scanner.string(into: &bytes)
                    content = bytes
                } else {
                    try scanner.skipValue()
                }
            }
            guard let id, let content else { throw scanner.failure("an added token with id and content") }
            try insert(content, id: id)
        }
    }

    /// `["a b", ...]`, or `[["a", "b"], ...]` as newer files have it.
    private mutating func readMerges(_ scanner: inout JSONScanner) throws {
        var left: [UInt8] = []
        var right: [UInt8] = []
        try scanner.elements { scanner in
            let isWellFormed: Bool
            if scanner.peek() == UInt8(ascii: "[") {
                try scanner.expect(UInt8(ascii: "["))
                try scanner.string(into: &left)
                try scanner.expect(UInt8(ascii: ","))
                try scanner.string(into: &right)
                try scanner.expect(UInt8(ascii: "]"))
                isWellFormed = mergedTokens.append(left, right)
            } else {
                try scanner.string(into: &left)
                let space = left.firstIndex(of: UInt8(ascii: " ")) ?? left.endIndex
                isWellFormed = mergedTokens.append(left[..<space], left[space...].dropFirst())
            }
            guard isWellFormed else { throw scanner.failure("a merge of two tokens") }
        }
    }
}
