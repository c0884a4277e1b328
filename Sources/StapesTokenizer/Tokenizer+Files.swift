/// What other programs' files say of a vocabulary.
extension Tokenizer {
    /// The bytes of the ordinary tokens by id, as whisper.cpp's files list them.
    package var ordinaryTokens: [[UInt8]] { (0..<special.endOfText).map(bytes(of:)) }

    /// CTranslate2's `vocabulary.json`: the spellings of all tokens by id, stamps included.
    package func vocabularyJSON() -> String {
        "[\n" + spellings().map { "  " + Self.quoted($0) }.joined(separator: ",\n") + "\n]\n"
    }

    /// Hugging Face's `tokenizer.json`, with the merges that the order of the tokens stands for.
    package func tokenizerJSON() -> String {
        let spellings = spellings()
        let added = (special.endOfText..<special.timestampBegin).map { id in
            """
                {"id": \(id), "content": \(Self.quoted(spellings[id])), "single_word": false, "lstrip": false, \
            "rstrip": false, "normalized": false, "special": true}
            """
        }
        let vocabulary = (0...special.endOfText).map { "      \(Self.quoted(spellings[$0])): \($0)" }
        let merges = merges().map {
            "      " + Self.quoted("\(ByteAlphabet.spelling(of: $0.left)) \(ByteAlphabet.spelling(of: $0.right))")
        }
        func template(_ sequences: String) -> String {
            """
            [{"SpecialToken": {"id": "<|startoftranscript|>", "type_id": 0}}, \
            {"SpecialToken": {"id": "<|notimestamps|>", "type_id": 0}}, \(sequences)]
            """
        }
        func template(of name: String, _ id: Int) -> String {
            #""<|\#(name)|>": {"id": "<|\#(name)|>", "ids": [\#(id)], "tokens": ["<|\#(name)|>"]}"#
        }
        let first = #"{"Sequence": {"id": "A", "type_id": 0}}"#
        let second = #"{"Sequence": {"id": "B", "type_id": 1}}"#
        func end(_ type: Int) -> String { #"{"SpecialToken": {"id": "<|endoftext|>", "type_id": \#(type)}}"# }
        return """
            {
              "version": "1.0",
              "truncation": null,
              "padding": null,
              "added_tokens": [
            \(added.joined(separator: ",\n"))
              ],
              "normalizer": null,
              "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
              "post_processor": {
                "type": "TemplateProcessing",
                "single": \(template("\(first), \(end(0))")),
                "pair": \(template("\(first), \(second), \(end(1))")),
                "special_tokens": {
                  \(template(of: "endoftext", special.endOfText)),
                  \(template(of: "notimestamps", special.noTimestamps)),
                  \(template(of: "startoftranscript", special.startOfTranscript))
                }
              },
              "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
              "model": {
                "type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": "",
                "end_of_word_suffix": "", "fuse_unk": false,
                "vocab": {
            \(vocabulary.joined(separator: ",\n"))
                },
                "merges": [
            \(merges.joined(separator: ",\n"))
                ]
              }
            }

            """
    }

    /// The two tokens that each token of more than one byte is made of, in the order of the tokens. Those that merging
    /// does not arrive at have none.
    package func merges() -> [(left: [UInt8], right: [UInt8])] {
        var ranks: [[UInt8]: Int] = [:]
        let tokens = ordinaryTokens
        for (rank, token) in tokens.enumerated() { ranks[token] = rank }
        return tokens.enumerated().compactMap { rank, token in
            guard token.count > 1 else { return nil }
            let parts = Self.parts(of: token, below: rank, ranks)
            return parts.count == 2 ? (parts[0], parts[1]) : nil
        }
    }

    /// What merging leaves of a token when it may only make tokens before it.
    private static func parts(of token: [UInt8], below limit: Int, _ ranks: [[UInt8]: Int]) -> [[UInt8]] {
        var parts = token.map { [$0] }
        while parts.count > 2 {
            let candidates = parts.indices.dropLast().compactMap { index in
                ranks[parts[index] + parts[index + 1]].map { (rank: $0, index: index) }
            }
            guard let best = candidates.filter({ $0.rank < limit }).min(by: { $0 < $1 }) else { break }
            parts[best.index] += parts[best.index + 1]
            parts.remove(at: best.index + 1)
        }
        return parts
    }

    private func spellings() -> [String] {
        (0...special.timestampEnd).map { id in
            if id < special.timestampBegin { return ByteAlphabet.spelling(of: bytes(of: id)) }
            let hundredths = (id - special.timestampBegin) * 2
            return "<|\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)|>"
        }
    }

    /// Spellings hold no control characters.
    private static func quoted(_ text: String) -> String {
        "\"" + text.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : "\($0)" }.joined() + "\""
    }
}
