#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// What a build without FFmpeg's libraries reads: WAV of one channel at 16 kHz, with integers of 16, 24 or 32 bits or
/// floats of 32. Samples are those that libav gives for the same file.
package struct WAVDecoder {
    /// What messages call the source, with quotes if it is a path.
    let name: String
    let limits: AudioLimits
    /// Whether to give up; asked with every part of the samples.
    let isCancelled: @Sendable () -> Bool

    /// Samples between two questions whether to give up.
    private static let partCount = 1 << 20

    package init(name: String, limits: AudioLimits, isCancelled: @escaping @Sendable () -> Bool) {
        self.name = name
        self.limits = limits
        self.isCancelled = isCancelled
    }

    package func decode(_ bytes: [UInt8]) throws(AudioError) -> PCM {
        try check(byteCount: bytes.count)
        let wave = try wave(bytes)
        return try samples(of: bytes[wave.data], format: wave.format)
    }

    /// `file` is a seekable descriptor; it stays open.
    package func decode(file: Int32, byteCount: Int) throws(AudioError) -> PCM {
        try check(byteCount: byteCount)
        var reason: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
            while count < byteCount {
                let got = pread(file, buffer.baseAddress! + count, byteCount - count, off_t(count))
                if got < 0, errno == EINTR { continue }
                if got < 0 { reason = errno }
                if got <= 0 { break }
                count += got
            }
        }
        if reason != 0 { throw failure(.unreadable, String(cString: strerror(reason)).lowercased()) }
        return try decode(bytes)
    }

    // MARK: The container

    private enum Format {
        case int16, int24, int32, float32

        var byteCount: Int {
            switch self {
            case .int16: 2
            case .int24: 3
            case .int32, .float32: 4
            }
        }
    }

    /// The format and where the samples lie. Sizes of samples that are 0 or reach past the end, as programs write them
    /// that cannot go back, mean the end.
    private func wave(_ bytes: [UInt8]) throws(AudioError) -> (format: Format, data: Range<Int>) {
        guard bytes.count >= 12, Self.tag(bytes, 0) == "RIFF", Self.tag(bytes, 8) == "WAVE" else {
            throw failure(.notRecognised, "this build reads WAV only (no FFmpeg)")
        }
        var format: Format?
        var position = 12
        while position + 8 <= bytes.count {
            let begin = position + 8
            let size = Int(Self.integer(bytes, position + 4, UInt32.self))
            let end = min(begin + size, bytes.count)
            switch Self.tag(bytes, position) {
            case "fmt ": format = try self.format(bytes, begin..<end)
            case "data":
                guard let format else { throw failure(.notRecognised, "its samples come before their format") }
                let available = (size == 0 ? bytes.count : end) - begin
                let count = available / format.byteCount * format.byteCount
                return (format, begin..<begin + count)
            default: break
            }
            position = begin + size + size % 2
        }
        throw failure(.noAudio, "no samples in it")
    }

    private func format(_ bytes: [UInt8], _ range: Range<Int>) throws(AudioError) -> Format {
        guard range.count >= 16 else { throw failure(.notRecognised, "its header is cut off") }
        let start = range.lowerBound
        var kind = Self.integer(bytes, start, UInt16.self)
        // WAVE_FORMAT_EXTENSIBLE: the kind is the beginning of an identifier.
        if kind == 0xFFFE, range.count >= 26 { kind = Self.integer(bytes, start + 24, UInt16.self) }
        let channels = Self.integer(bytes, start + 2, UInt16.self)
        let rate = Self.integer(bytes, start + 4, UInt32.self)
        let bits = Self.integer(bytes, start + 14, UInt16.self)
        guard channels == 1, rate == PCM.sampleRate else {
            throw failure(
                .notAccepted,
                "this build reads WAV of 1 channel at \(PCM.sampleRate) Hz only (no FFmpeg), not \(channels) at \(rate) Hz"
            )
        }
        switch (kind, bits) {
        case (1, 16): return .int16
        case (1, 24): return .int24
        case (1, 32): return .int32
        case (3, 32): return .float32
        default:
            throw failure(
                .notAccepted,
                "this build reads WAV of 16, 24 or 32-bit integers or 32-bit floats only (no FFmpeg), not format \(kind) of \(bits) bits"
            )
        }
    }

    // MARK: The samples

    /// All go through 16 bits, as those of every source do.
    private func samples(of data: ArraySlice<UInt8>, format: Format) throws(AudioError) -> PCM {
        let count = data.count / format.byteCount
        guard count <= limits.maximumSampleCount else {
            throw failure(.tooLong, "longer than \(limits.maximumSeconds) seconds")
        }
        var isOver = false
        let samples = [Int16](unsafeUninitializedCapacity: count) { samples, done in
            data.withUnsafeBytes { bytes in
                while done < count, !isOver {
                    let end = min(done + Self.partCount, count)
                    for index in done..<end {
                        samples.initializeElement(at: index, to: Self.sample(bytes, index * format.byteCount, format))
                    }
                    done = end
                    isOver = isCancelled()
                }
            }
        }
        if isOver { throw failure(.cancelled, "it was cancelled") }
        return samples.withUnsafeBufferPointer { PCM($0) }
    }

    private static func sample(_ bytes: UnsafeRawBufferPointer, _ offset: Int, _ format: Format) -> Int16 {
        switch format {
        case .int16: Int16(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Int16.self))
        // The lower bits are dropped.
        case .int24: Int16(littleEndian: bytes.loadUnaligned(fromByteOffset: offset + 1, as: Int16.self))
        case .int32: Int16(littleEndian: bytes.loadUnaligned(fromByteOffset: offset + 2, as: Int16.self))
        case .float32:
            sample(
                Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))))
        }
    }

    private static func sample(_ value: Float) -> Int16 {
        if value.isNaN { return 0 }
        return Int16(max(-32768, min(32767, (value * 32768).rounded(.toNearestOrEven))))
    }

    // MARK: Bytes

    private static func tag(_ bytes: [UInt8], _ offset: Int) -> String {
        String(decoding: bytes[offset..<offset + 4], as: UTF8.self)
    }

    private static func integer<Word: FixedWidthInteger>(_ bytes: [UInt8], _ offset: Int, _ type: Word.Type) -> Word {
        bytes.withUnsafeBytes { Word(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Word.self)) }
    }

    private func check(byteCount: Int) throws(AudioError) {
        if byteCount == 0 { throw failure(.empty, "it is empty") }
        if byteCount > limits.maximumByteCount {
            throw failure(.tooManyBytes, "more than \(limits.maximumByteCount) bytes")
        }
    }

    private func failure(_ code: AudioError.Code, _ reason: String) -> AudioError {
        AudioError(code: code, message: "cannot decode \(name): \(reason)")
    }
}
