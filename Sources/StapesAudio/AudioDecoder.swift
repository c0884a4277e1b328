/// The first arrow of a request: audio bytes -> `PCM`.
package enum AudioDecoder {
    /// Decodes, mixes down to mono and resamples to 16 kHz on the calling thread, about a thousandth of the audio's
    /// duration. Bad packets are skipped; audio without samples is a valid result.
    ///
    /// - Parameter isCancelled: is asked all along whether to give up.
    /// - Throws: any code of `AudioError`; `tooManyBytes` before decoding, `tooLong` as soon as it is known.
    package static func decode(
        _ source: AudioSource, limits: AudioLimits = .default, isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws(AudioError) -> PCM {
        switch source {
        case .file(let path): return try decodeFile(path, limits: limits, isCancelled: isCancelled)
        case .bytes(let bytes):
            return try ContainerDecoder(name: "the audio", limits: limits, isCancelled: isCancelled).decode(bytes)
        case .samples(let samples):
            guard samples.count <= limits.maximumSampleCount else {
                throw AudioError(
                    code: .tooLong, message: "cannot take the audio: longer than \(limits.maximumSeconds) seconds")
            }
            return PCM(samples: samples)
        }
    }

    private static func decodeFile(
        _ path: String, limits: AudioLimits, isCancelled: @escaping @Sendable () -> Bool
    ) throws(AudioError) -> PCM {
        let decoder = ContainerDecoder(name: "'\(path)'", limits: limits, isCancelled: isCancelled)
        let file = try InputFile(path: path)
        guard let byteCount = file.byteCount else {
            // A pipe cannot seek, which some containers need, so it is read whole.
            let most = min(limits.maximumByteCount, AudioLimits.maximumPipeByteCount)
            let bytes = try file.readAll(maximumByteCount: most)
            guard bytes.count <= most else {
                throw AudioError(
                    code: .tooManyBytes, message: "cannot decode '\(path)': more than \(most) bytes and no end in sight"
                )
            }
            return try decoder.decode(bytes)
        }
        return try decoder.decode(file: file.descriptor, byteCount: byteCount)
    }
}

#if FFmpeg
    private typealias ContainerDecoder = LibavDecoder
#else
    private typealias ContainerDecoder = WAVDecoder
#endif
