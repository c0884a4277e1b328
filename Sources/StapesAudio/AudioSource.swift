/// Where audio comes from.
public enum AudioSource: Sendable {
    /// A file of any container and codec FFmpeg's libraries read; pipes work as well. It is a path, never an address.
    case file(path: String)
    /// The bytes of such a file. The format is recognised by content.
    case bytes([UInt8])
    /// Mono samples at 16 kHz in -1...1; values outside are clipped, values that are not numbers count as silence.
    case samples([Float])
}
