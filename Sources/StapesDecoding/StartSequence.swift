import StapesTokenizer

extension SpecialTokens {
    /// The ids that tell the decoder what to do: start, language, task, and whether stamps are wanted.
    ///
    /// English-only models know neither language nor task, and get the start alone.
    /// - Parameter language: the id of the language; needed by multilingual models, ignored by others.
    package func startSequence(language: Int?, translates: Bool, timestamps: Bool) -> [Int] {
        var sequence = [startOfTranscript]
        if isMultilingual {
            guard let language, languages.contains(language) else {
                preconditionFailure("a multilingual model needs the id of a language before it can start a transcript")
            }
            sequence += [language, translates ? translate : transcribe]
        }
        if !timestamps {
            sequence.append(noTimestamps)
        }
        return sequence
    }
}
