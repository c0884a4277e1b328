import StapesEngine

extension SchedulerLimits {
    static func test(
        rows: Int = 8, selfPages: Int = 8 * 28 + 1, crossBlocks: Int = 9, prefillTokens: Int = 512,
        textContext: Int = 448, audioContext: Int = 1500
    ) -> SchedulerLimits {
        SchedulerLimits(
            rows: rows, selfPages: selfPages, crossBlocks: crossBlocks, prefillTokens: prefillTokens,
            textContext: textContext, audioContext: audioContext)
    }
}

extension SequenceDemand {
    static func test(
        prompt: Int = 4, steps: Int = 10, window: Int = 0, encoderLength: Int = 1500
    ) -> SequenceDemand {
        SequenceDemand(
            promptCount: prompt, stepLimit: steps, key: WindowKey(features: [Float(window)], positions: encoderLength),
            encoderLength: encoderLength)
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
