#if FFmpeg
    import CFFmpeg

    /// The one place that calls the shim over FFmpeg's libraries and turns its status into `throws`.
    struct LibavDecoder {
        /// What messages call the source, with quotes if it is a path.
        let name: String
        let limits: AudioLimits
        /// Whether to give up; asked with every packet.
        let isCancelled: @Sendable () -> Bool

        func decode(_ bytes: [UInt8]) throws(AudioError) -> PCM {
            try check(byteCount: bytes.count)
            return try bytes.withUnsafeBufferPointer { (buffer) throws(AudioError) in
                try decode(stapes_ffmpeg_source(bytes: buffer.baseAddress, byte_count: Int64(buffer.count), file: -1))
            }
        }

        /// `file` is a seekable descriptor; it stays open.
        func decode(file: Int32, byteCount: Int) throws(AudioError) -> PCM {
            try check(byteCount: byteCount)
            return try decode(stapes_ffmpeg_source(bytes: nil, byte_count: Int64(byteCount), file: file))
        }

        private func check(byteCount: Int) throws(AudioError) {
            if byteCount == 0 { throw failure(.empty, "it is empty") }
            if byteCount > limits.maximumByteCount {
                throw failure(.tooManyBytes, "more than \(limits.maximumByteCount) bytes")
            }
        }

        private func decode(_ source: stapes_ffmpeg_source) throws(AudioError) -> PCM {
            var source = source
            var pcm = stapes_ffmpeg_pcm()
            // The closure outlives the call, during which C asks through a pointer to it.
            let status = withUnsafePointer(to: isCancelled) { asked in
                var cancellation = stapes_ffmpeg_cancellation(
                    is_cancelled: { $0.assumingMemoryBound(to: (@Sendable () -> Bool).self).pointee() ? 1 : 0 },
                    context: UnsafeRawPointer(asked))
                return stapes_ffmpeg_decode(&source, limits.maximumSampleCount, &cancellation, &pcm)
            }
            defer { stapes_ffmpeg_pcm_free(&pcm) }
            guard status == STAPES_FFMPEG_OK else {
                throw failure(Self.code(status), String(cString: stapes_ffmpeg_message()))
            }
            return PCM(UnsafeBufferPointer(start: pcm.samples, count: Int(pcm.sample_count)))
        }

        private func failure(_ code: AudioError.Code, _ reason: String) -> AudioError {
            AudioError(code: code, message: "cannot decode \(name): \(reason)")
        }

        private static func code(_ status: stapes_ffmpeg_status) -> AudioError.Code {
            switch status {
            case STAPES_FFMPEG_NO_MEMORY: .outOfMemory
            case STAPES_FFMPEG_NOT_RECOGNISED: .notRecognised
            case STAPES_FFMPEG_NOT_ACCEPTED: .notAccepted
            case STAPES_FFMPEG_NO_AUDIO: .noAudio
            case STAPES_FFMPEG_TOO_LONG: .tooLong
            case STAPES_FFMPEG_CANCELLED: .cancelled
            default: .undecodable
            }
        }
    }
#endif
