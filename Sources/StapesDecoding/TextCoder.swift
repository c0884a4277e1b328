import StapesTokenizer

/// What decoding needs to know about text: ids to text, text to ids, and which ids are not text.
///
/// The tokenizer conforms as it stands; tests use a coder of a few words.
package protocol TextCoder: Sendable {
    var special: SpecialTokens { get }

    /// The ids of symbols that are not spoken (decoding.md, section 2).
    var nonSpeechTokens: [Int] { get }

    /// Ordinary text to ids; never yields a special id.
    func encode(_ text: String) -> [Int]

    /// Ids to text; ids that are not ordinary text are dropped.
    func decode(_ tokens: some Sequence<Int>) -> String

    /// The bytes of one id, which need not be whole characters; the name of an id that is no text.
    func bytes(of token: Int) -> [UInt8]
}
