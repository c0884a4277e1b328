import CKernels

/// The second arrow of a request: `PCM` -> `LogMel`.
package struct LogMelExtractor: Sendable {
    package let bins: Int
    private let plan: MelPlan
    private let kernels: stapes_mel_kernels

    /// `bins` comes from the model: 80, or 128 for large-v3 and turbo. The tables take about 20 kB.
    package init(bins: Int) {
        self.init(bins: bins, kernels: stapes_mel_kernels_best().pointee)
    }

    /// With the kernels of one instruction level: 0 generic, 1 AVX2, 2 AVX-512. Nil where the machine lacks it.
    package init?(bins: Int, level: Int) {
        guard let kernels = stapes_mel_kernels_for_level(Int32(level)) else { return nil }
        self.init(bins: bins, kernels: kernels.pointee)
    }

    private init(bins: Int, kernels: stapes_mel_kernels) {
        self.bins = bins
        self.plan = MelPlan(MelFilterBank(bins: bins))
        self.kernels = kernels
    }

    /// Runs on the calling thread, about a millisecond for 30 s.
    package func extract(_ pcm: PCM) -> LogMel {
        let sampleCount = pcm.samples.count
        let contentFrames = sampleCount / LogMel.hop
        // A frame sees 200 samples before its centre, so it is silent from the first centre 200 samples past the end.
        let storedFrames = (sampleCount + 200 + LogMel.hop - 1) / LogMel.hop
        var largest: Float = 0
        let stored = [Float](unsafeUninitializedCapacity: storedFrames * bins) { buffer, count in
            count = storedFrames * bins
            guard let values = buffer.baseAddress else { return }
            largest = pcm.samples.withUnsafeBufferPointer { samples in
                kernels.log_mel(
                    plan.pointer, samples.baseAddress, Int64(sampleCount), 0, Int64(storedFrames), values)
            }
            // The largest value of the whole padded file, not of a window (decoding.md 1.5).
            kernels.normalise(values, Int64(count), largest)
        }
        return LogMel(
            bins: bins, contentFrames: contentFrames, stored: stored, silence: (max(-10, largest - 8) + 4) / 4)
    }
}
