import Glibc

/// The system's own words for an `errno` value, lower-case start as all our messages have it.
func systemMessage(_ code: Int32 = errno) -> String {
    let text = String(cString: strerror(code))
    return text.prefix(1).lowercased() + text.dropFirst()
}
