import Glibc

enum StandardInput {
    /// Everything up to the end of standard input.
    ///
    /// - Throws: `CommandError.Code.input` when reading fails, or when there is more than the audio limits allow.
    static func readAll(
        from descriptor: Int32 = STDIN_FILENO, maximumByteCount: Int
    ) throws(CommandError) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            if count == 0 { return bytes }
            if count < 0 {
                if errno == EINTR { continue }
                throw CommandError(.input, systemMessage())
            }
            guard bytes.count + count <= maximumByteCount else {
                throw CommandError(.input, "more than \(maximumByteCount) bytes")
            }
            bytes.append(contentsOf: chunk[..<count])
        }
    }
}
