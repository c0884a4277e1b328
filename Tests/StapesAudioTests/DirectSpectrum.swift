import StapesAudio
import StapesModel

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// The definition of the features in double precision, one frame at a time: the truth for the kernels.
enum DirectSpectrum {
    private static let circle = (0..<400).map { step in
        (real: cos(2 * .pi * Double(step) / 400), imaginary: sin(2 * .pi * Double(step) / 400))
    }

    /// log10(max(mel, 1e-10)) of frame `frame` of `samples` with silence appended, `[bins]`.
    static func logMel(_ samples: [Float], frame: Int, filters: MelFilterBank) -> [Double] {
        let seen = (0..<400).map { offset -> Float in
            let position = abs(frame * 160 - 200 + offset)
            return position < samples.count ? samples[position] : 0
        }
        return logMel(framed: seen, filters: filters)
    }

    /// cos(2 pi index / 400)
    static func cosine(_ index: Int) -> Double { circle[index % 400].real }

    /// The same of the 400 samples that a frame sees.
    static func logMel(framed samples: [Float], filters: MelFilterBank) -> [Double] {
        let windowed = samples.enumerated().map { Double($1) * (0.5 - 0.5 * circle[$0].real) }
        let power = (0...200).map { point in
            var (real, imaginary) = (0.0, 0.0)
            for (offset, sample) in windowed.enumerated() {
                real += sample * circle[point * offset % 400].real
                imaginary -= sample * circle[point * offset % 400].imaginary
            }
            return real * real + imaginary * imaginary
        }
        return (0..<filters.bins).map { bin in
            let mel = (0...200).reduce(0.0) { $0 + Double(filters.weights[bin * 201 + $1]) * power[$1] }
            return log10(max(mel, 1e-10))
        }
    }

    /// A sine of half amplitude at 16 kHz.
    static func tone(hertz: Double, sample: Int) -> Double {
        0.5 * sin(2 * .pi * hertz * Double(sample) / 16_000)
    }
}
