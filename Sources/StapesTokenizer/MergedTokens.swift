/// The tokens that a file's list of merges makes, one after the other in one array.
struct MergedTokens {
    private var bytes: [UInt8] = []
    private var ends: [Int] = []

    var count: Int { ends.count }

    /// Appends the token made of two spellings; false if a character is not in GPT-2's byte alphabet.
    mutating func append(_ left: some Collection<UInt8>, _ right: some Collection<UInt8>) -> Bool {
        guard !left.isEmpty, !right.isEmpty,
            ByteAlphabet.append(spelling: left, to: &bytes), ByteAlphabet.append(spelling: right, to: &bytes)
        else { return false }
        ends.append(bytes.count)
        return true
    }

    func withBytes<Result>(of index: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        let start = index == 0 ? 0 : ends[index - 1]
        return bytes.withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[start..<ends[index]])) }
    }
}
