import StapesEngine

extension SchedulerLimits {
    static func test(
        rows: Int = 8, selfPages: Int = 8 * 28 + 1, crossBlocks: Int = 9, prefillTokens: Int = 512,
        textContext: Int = 448, audioContext: Int = 1500, pageBytes: Int = 1, blockBytes: Int = 1,
        cacheBytes: Int = .max, encodingInterval: Int = SchedulerLimits.defaultEncodingInterval,
        encodingWindows: Int = 1
    ) -> SchedulerLimits {
        SchedulerLimits(
            rows: rows, selfPages: selfPages, crossBlocks: crossBlocks, prefillTokens: prefillTokens,
            textContext: textContext, audioContext: audioContext, pageBytes: pageBytes, blockBytes: blockBytes,
            cacheBytes: cacheBytes, encodingInterval: encodingInterval, encodingWindows: encodingWindows)
    }
}

extension WindowKey {
    /// Of a window that differs from those of other numbers.
    static func test(_ number: Int, positions: Int = 1500) -> WindowKey {
        WindowKey(features: [Float(number)], positions: positions)
    }
}

extension SequenceDemand {
    /// A sequence that shares nothing but its window.
    static func test(
        prompt: Int = 4, steps: Int = 10, window: Int = 0, encoderLength: Int = 1500, width: Int = 1, job: Job = Job()
    ) -> SequenceDemand {
        SequenceDemand(
            promptCount: prompt, stepLimit: steps, key: .test(window, positions: encoderLength),
            encoderLength: encoderLength, width: width, job: job)
    }

    /// A sequence whose prompt may be there already: all of it but the last token, or the first `shareable` tokens.
    static func test(
        tokens: [Int], shareable: Int? = nil, steps: Int = 10, window: Int = 0, encoderLength: Int = 1500,
        job: Job = Job()
    ) -> SequenceDemand {
        let key = WindowKey.test(window, positions: encoderLength)
        return SequenceDemand(
            promptCount: tokens.count, stepLimit: steps, key: key, encoderLength: encoderLength,
            prefix: PrefixKey.pages(of: tokens, shareable: shareable ?? tokens.count - 1, window: key), job: job)
    }
}

/// The code of the error that `body` throws, or nil.
func code(_ body: () throws(EngineError) -> Void) -> EngineError.Code? {
    do {
        try body()
        return nil
    } catch {
        return error.code
    }
}
