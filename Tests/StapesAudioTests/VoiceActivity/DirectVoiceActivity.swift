import Foundation
import StapesModel

/// The network as its graph has it, in Double and one frame after the other.
struct DirectVoiceActivity {
    private let weights: [String: [Double]]
    private var hidden = [Double](repeating: 0, count: 128)
    private var cell = [Double](repeating: 0, count: 128)

    init(_ weights: VoiceActivityWeights) {
        var values: [String: [Double]] = [:]
        var start = 0
        for (name, shape) in VoiceActivityWeights.layout {
            let count = shape.reduce(1, *)
            values[name] = weights.values[start..<start + count].map(Double.init)
            start += count
        }
        self.weights = values
    }

    /// - Parameter samples: their count is a multiple of 512.
    mutating func probabilities(_ samples: [Float]) -> [Double] {
        stride(from: 0, to: samples.count, by: 512).map { begin in
            let context = (begin - 64..<begin).map { $0 < 0 ? 0 : Double(samples[$0]) }
            return probability(context + samples[begin..<begin + 512].map(Double.init))
        }
    }

    /// - Parameter frame: 64 samples of context and the frame's own.
    private mutating func probability(_ frame: [Double]) -> Double {
        let mirrored = frame + (1...64).map { frame[frame.count - 1 - $0] }
        var x = spectra(mirrored)
        for (index, step) in [1, 2, 2, 1].enumerated() {
            x = convolution(x, layer: "encoder.conv_layers.\(index)", step: step)
        }
        recur(x.map { $0[0] })
        let output = dot(weights["decoder.conv1d.weight"]!, hidden.map { max($0, 0) })
        return sigmoid(output + weights["decoder.conv1d.bias"]![0])
    }

    /// `[129, 4]`
    private func spectra(_ samples: [Double]) -> [[Double]] {
        let basis = weights["encoder.feature_extractor.forward_basis_buffer"]!
        func row(_ row: Int, _ position: Int) -> Double {
            dot(basis[row * 256..<row * 256 + 256], samples[position * 128..<position * 128 + 256])
        }
        return (0..<129).map { bin in (0..<4).map { hypot(row(bin, $0), row(bin + 129, $0)) } }
    }

    /// Three taps with one position of padding, then ReLU: `[in, positions]` -> `[out, positions]`.
    private func convolution(_ x: [[Double]], layer: String, step: Int) -> [[Double]] {
        let weight = weights["\(layer).weight"]!
        let positions = x[0].count
        return weights["\(layer).bias"]!.enumerated().map { out, bias in
            stride(from: 0, to: positions, by: step).map { position in
                var sum = bias
                for (channel, row) in x.enumerated() {
                    for tap in 0..<3 where (0..<positions).contains(position + tap - 1) {
                        sum += weight[(out * x.count + channel) * 3 + tap] * row[position + tap - 1]
                    }
                }
                return max(sum, 0)
            }
        }
    }

    private mutating func recur(_ x: [Double]) {
        let bias = weights["onnx::LSTM_211"]!
        let input = weights["onnx::LSTM_209"]!
        let recurrent = weights["onnx::LSTM_210"]!
        let gates = (0..<512).map { gate in
            let row = gate * 128..<gate * 128 + 128
            return dot(input[row], x[...]) + dot(recurrent[row], hidden[...]) + bias[gate] + bias[512 + gate]
        }
        for index in 0..<128 {
            let (input, output) = (sigmoid(gates[index]), sigmoid(gates[128 + index]))
            let (forget, candidate) = (sigmoid(gates[256 + index]), tanh(gates[384 + index]))
            cell[index] = forget * cell[index] + input * candidate
            hidden[index] = output * tanh(cell[index])
        }
    }

    private func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

    private func dot(_ a: some Sequence<Double>, _ b: some Sequence<Double>) -> Double {
        zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
    }
}
