/// How much text may lead the windows. A window has room for a few hundred tokens of it, and every window would turn all
/// of it into tokens.
enum LeadingText {
    static let byteLimit = 8 << 10

    /// The end of a prompt, which is what counts of one: as much as is taken, cut between letters' scalars.
    static func prompt(_ text: String) -> String {
        guard text.utf8.count > byteLimit else { return text }
        let bytes = text.utf8.suffix(byteLimit)
        // The bytes of a scalar after its first are 10xxxxxx.
        return String(Substring(bytes.drop { $0 & 0xC0 == 0x80 }))
    }

    /// Text of which nothing can be left out.
    ///
    /// - Throws: `invalidValue` for more than is taken.
    static func whole(_ text: String, of field: FormField) throws(APIError) -> String {
        guard text.utf8.count <= byteLimit else { throw field.error("give \(byteLimit) bytes of text at most") }
        return text
    }
}
