import StapesModel
import Testing

@Suite struct MelFilterBankTests {
    @Test(arguments: [80, 128]) func filtersAreTrianglesOfUnitArea(bins: Int) {
        let bank = MelFilterBank(bins: bins)
        #expect(bank.weights.count == bins * 201)
        var lastPeak = -1
        for bin in 0..<bins {
            let row = Array(bank.weights[bin * 201..<(bin + 1) * 201])
            #expect(row.allSatisfy { $0 >= 0 })
            let peak = row.indices.max { row[$0] < row[$1] }!
            #expect(row[peak] > 0 && peak >= lastPeak)
            lastPeak = peak
            // Points are 40 Hz apart; narrow filters at the bottom are sampled too coarsely for their area to show.
            if peak > 60 { #expect(abs(row.reduce(0, +) * 40 - 1) < 0.1) }
        }
    }

    // Weights of the matrices OpenAI ships, which the formula must give to within float rounding.
    @Test func weightsEqualTheReferences() {
        let narrow: [(bin: Int, point: Int, weight: Float)] = [
            (0, 1, 0.024862595), (0, 2, 0.0), (25, 24, 0.02087401),
            (25, 25, 0.0040404256), (40, 43, 0.014735566), (40, 44, 0.00651819),
            (79, 192, 0.0031647119), (79, 193, 0.0031413133),
        ]
        let wide: [(bin: Int, point: Int, weight: Float)] = [
            (1, 1, 0.030392565), (1, 2, 0.0), (41, 25, 0.010202638),
            (41, 26, 0.0), (64, 43, 0.018091518), (64, 44, 0.0),
            (127, 195, 0.0050416016), (127, 196, 0.004457121),
        ]
        for (bins, samples) in [(80, narrow), (128, wide)] {
            let bank = MelFilterBank(bins: bins)
            for sample in samples {
                #expect(abs(bank.weights[sample.bin * 201 + sample.point] - sample.weight) < 1e-8)
            }
        }
    }
}
