import CKernels
import StapesModel

/// The second arrow of a request: `PCM` -> `LogMel`.
package struct LogMelExtractor: Sendable {
    package let bins: Int
    private let plan: MelPlan
    private let kernels: stapes_mel_kernels
    /// The most mel power in any bin that a frame of energy 1 can have.
    let melPowerOfEnergy: Float

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
        let filters = MelFilterBank(bins: bins)
        self.plan = MelPlan(filters)
        self.melPowerOfEnergy = filters.largestPower
        self.kernels = kernels
    }

    /// Runs on the calling thread, about a millisecond for 30 s.
    package func extract(_ pcm: PCM) -> LogMel {
        let sampleCount = pcm.samples.count
        let contentFrames = sampleCount / LogMel.hop
        let storedFrames = storedFrames(of: pcm)
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

    /// A frame sees 200 samples before its centre, so it is silent from the first centre 200 samples past the end.
    func storedFrames(of pcm: PCM) -> Int { (pcm.samples.count + 200 + LogMel.hop - 1) / LogMel.hop }

    /// The largest log10 of mel power of the frames from `first` on that `scratch` [frames, bins] has room for.
    func largest(of samples: [Float], from first: Int, in scratch: inout [Float]) -> Float {
        samples.withUnsafeBufferPointer { samples in
            scratch.withUnsafeMutableBufferPointer { values in
                guard let target = values.baseAddress else { return -10 }
                return kernels.log_mel(
                    plan.pointer, samples.baseAddress, Int64(samples.count), Int64(first), Int64(values.count / bins),
                    target)
            }
        }
    }
}
