import StapesTokenizer

extension SpecialTokens {
    /// The sorted ids without repetition that a request never samples.
    ///
    /// The ids that only ever belong into a prompt are on it whatever was asked for. (The reference drops even those
    /// when it is given an empty list; such a window could start a second transcript inside itself.)
    package func suppressList(requested: [Int]?, nonSpeech: [Int]) -> [Int] {
        var ids: Set<Int> = [transcribe, translate, startOfTranscript, startOfPrevious, startOfLM, noSpeech]
        ids.formUnion((requested ?? [-1]).lazy.filter { $0 >= 0 })
        if requested?.contains(-1) ?? true {
            ids.formUnion(nonSpeech)
        }
        return ids.sorted()
    }
}
