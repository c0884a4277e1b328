#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The line that parts a body, with the line end before it.
///
/// What is found does not depend on how the bytes were cut: a line counts only when all of it is there.
struct Delimiter: Sendable {
    enum Search: Equatable {
        /// - Parameter closes: no part follows.
        case found(Range<Int>, closes: Bool)
        /// None begins before this byte; one may begin there.
        case absent(before: Int)
    }

    private enum Match {
        case whole(end: Int, closes: Bool)
        case partial
        case none
    }

    /// Spaces and tabs that may stand before the line's end (RFC 2046's transport padding).
    private static let largestPadding = 64

    private let bytes: [UInt8]

    init(_ boundary: MultipartBoundary) { bytes = Array("\r\n--\(boundary.text)".utf8) }

    func search(in buffer: [UInt8], from start: Int) -> Search {
        buffer.withUnsafeBufferPointer { search(in: $0, from: start) }
    }

    private func search(in buffer: UnsafeBufferPointer<UInt8>, from start: Int) -> Search {
        guard let base = buffer.baseAddress else { return .absent(before: start) }
        var position = start
        while position < buffer.count,
            let hit = memchr(base + position, Int32(UInt8(ascii: "\r")), buffer.count - position)
        {
            let found = UnsafeRawPointer(hit) - UnsafeRawPointer(base)
            switch match(buffer, at: found) {
            case .whole(let end, let closes): return .found(found..<end, closes: closes)
            case .partial: return .absent(before: found)
            case .none: position = found + 1
            }
        }
        return .absent(before: buffer.count)
    }

    private func match(_ buffer: UnsafeBufferPointer<UInt8>, at start: Int) -> Match {
        let available = min(bytes.count, buffer.count - start)
        for index in 0..<available where buffer[start + index] != bytes[index] { return .none }
        guard available == bytes.count else { return .partial }

        var end = start + bytes.count
        func isNext(_ byte: UInt8) -> Bool? { end < buffer.count ? buffer[end] == byte : nil }
        if isNext(UInt8(ascii: "-")) == true {
            end += 1
            guard let closes = isNext(UInt8(ascii: "-")) else { return .partial }
            return closes ? .whole(end: end + 1, closes: true) : .none
        }
        let padding = end
        while isNext(UInt8(ascii: " ")) == true || isNext(UInt8(ascii: "\t")) == true {
            end += 1
            if end - padding > Self.largestPadding { return .none }
        }
        if isNext(UInt8(ascii: "\r")) == true { end += 1 }
        guard let ends = isNext(UInt8(ascii: "\n")) else { return .partial }
        return ends ? .whole(end: end + 1, closes: false) : .none
    }
}
