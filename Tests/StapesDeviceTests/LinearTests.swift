import Glibc
import StapesDevice
import StapesTesting
import Testing

@Suite struct LinearTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let usage: Linear.Usage
        let oneDNN: Bool
        let type: ScalarType
        var testDescription: String { "\(usage), oneDNN \(oneDNN), \(type)" }
        static let all: [Case] = [
            Case(usage: .fewRows, oneDNN: true, type: .float32), Case(usage: .fewRows, oneDNN: false, type: .bfloat16),
            Case(usage: .manyRows, oneDNN: true, type: .float32), Case(usage: .manyRows, oneDNN: true, type: .bfloat16),
            Case(usage: .manyRows, oneDNN: false, type: .float32),
            Case(usage: .manyRows, oneDNN: false, type: .bfloat16),
        ]
    }

    /// Widths, activations in the weights' type, and outputs in it or in float32, as the model has them.
    @Test(arguments: Case.all) func matchesPlainProduct(_ linear: Case) throws {
        var generator = SeededGenerator(seed: 20)
        for threads in [1, 2, 3] {
            let device = try CPUDevice(
                kernels: #require(KernelTable(CPULevel.best)), threads: threads, oneDNN: linear.oneDNN)
            var flags = 0
            for (outputs, inputs) in [(64, 64), (192, 64), (100, 384), (64, 256)] {
                let weight = Cells(
                    random: outputs * inputs, scale: 2 / Float(inputs).squareRoot(), using: &generator)
                let bias = Cells(random: outputs, using: &generator)
                for hasBias in [true, false] {
                    let layer = try Linear(
                        outputs: outputs, inputs: inputs, weight: weight.floats,
                        bias: hasBias ? UnsafePointer(bias.floats) : nil, type: linear.type, usage: linear.usage,
                        device: device)
                    for rows in [1, 2, 7, 50] {
                        // The model never asks for GELU and accumulation at once, and oneDNN may not have it.
                        flags = (flags + 1) % (linear.usage == .manyRows && linear.oneDNN ? 3 : 4)
                        let outputType: ScalarType = flags == 1 ? linear.type : .float32
                        let x = Cells(random: rows * (inputs + 8), type: linear.type, using: &generator)
                        let y = Cells(random: rows * (outputs + 8), type: outputType, using: &generator)
                        let expected = Self.plain(
                            x, weight, hasBias ? bias : nil, into: y, rows: rows, outputs: outputs, inputs: inputs,
                            type: linear.type, gelu: flags & 1 != 0, accumulate: flags & 2 != 0)
                        try layer.run(
                            MatrixView(
                                x.pointer, type: linear.type, rows: rows, columns: inputs, rowStride: inputs + 8),
                            into: MatrixView(
                                y.pointer, type: outputType, rows: rows, columns: outputs, rowStride: outputs + 8),
                            gelu: flags & 1 != 0, accumulate: flags & 2 != 0, on: device.stream)
                        let worst = error(y, expected, absolute: 1e-5)
                        #expect(worst <= 1, "\(threads) threads, \(rows) x \(outputs) x \(inputs), flags \(flags)")
                    }
                }
            }
        }
    }

    /// Windows have any number of positions, and a thread of the team any part of them. Rows lie side by side, as the
    /// model's do, or apart, which not every product of oneDNN takes.
    @Test(arguments: computeTypes) func everyNumberOfRowsIsServed(_ type: ScalarType) throws {
        var generator = SeededGenerator(seed: 23)
        let devices = try [1, 2, 3].map { try CPUDevice(kernels: #require(KernelTable(CPULevel.best)), threads: $0) }
        let few = Array(1...40)
        for (outputs, inputs, counts) in [
            (64, 64, few + [63, 64, 65, 100, 375, 749, 750, 1499, 1500]), (192, 64, few + [64, 100, 750]),
            (100, 384, few + [64, 100, 750]), (64, 256, few + [64, 100, 750]), (64, 192, few), (384, 240, few),
            (384, 384, few), (384, 1536, few), (1152, 384, few), (1280, 1280, [1, 2, 3, 5, 40]),
        ] {
            let largest = counts.max() ?? 0
            let scale = 2 / Float(inputs).squareRoot()
            let weight = Cells(random: outputs * inputs, scale: scale, using: &generator)
            let bias = Cells(random: outputs, using: &generator)
            let x = Cells(random: largest * inputs, type: type, using: &generator)
            let sums = Self.plain(
                x, weight, bias, into: Cells(largest * outputs), rows: largest, outputs: outputs, inputs: inputs,
                padding: 0, type: type, gelu: false, accumulate: false)
            for device in devices {
                let layer = try Linear(
                    outputs: outputs, inputs: inputs, weight: weight.floats, bias: UnsafePointer(bias.floats),
                    type: type, usage: .manyRows, device: device)
                for rows in counts {
                    for padding in [0, 8] {
                        let apart = Cells(random: rows * (inputs + padding), type: type, using: &generator)
                        let y = Cells(random: rows * (outputs + padding), using: &generator)
                        let expected = y.copy()
                        for row in 0..<rows {
                            (apart.pointer + row * (inputs + padding) * type.byteCount).copyMemory(
                                from: x.pointer + row * inputs * type.byteCount, byteCount: inputs * type.byteCount)
                            for i in 0..<outputs { expected[row * (outputs + padding) + i] += sums[row * outputs + i] }
                        }
                        try layer.run(
                            MatrixView(
                                apart.pointer, type: type, rows: rows, columns: inputs, rowStride: inputs + padding),
                            into: MatrixView(
                                y.pointer, type: .float32, rows: rows, columns: outputs, rowStride: outputs + padding),
                            accumulate: true, on: device.stream)
                        #expect(
                            error(y, expected, absolute: 1e-5) <= 1,
                            "\(device.stream.threads) threads, \(rows) x \(outputs) x \(inputs), \(padding) apart")
                    }
                }
            }
        }
    }

    /// One primitive serves every call of its shape: different rows, addresses and contents in between.
    @Test func repeatedShapesGiveTheSameBits() throws {
        var generator = SeededGenerator(seed: 21)
        let device = try CPUDevice(kernels: #require(KernelTable(CPULevel.best)), threads: 2)
        let weight = Cells(random: 64 * 64, using: &generator)
        let layer = try Linear(
            outputs: 64, inputs: 64, weight: weight.floats, bias: nil, type: .float32, usage: .manyRows, device: device)
        let inputs = (0..<4).map { _ in Cells(random: 50 * 64, using: &generator) }
        func run(_ x: Cells, rows: Int) throws -> [UInt8] {
            let y = Cells(rows * 64)
            try layer.run(
                MatrixView(x.pointer, type: .float32, rows: rows, columns: 64),
                into: MatrixView(y.pointer, type: .float32, rows: rows, columns: 64), on: device.stream)
            return y.bytes
        }
        let first = try inputs.map { try run($0, rows: 50) }
        for rows in [7, 50, 3] { for x in inputs { _ = try run(x, rows: rows) } }
        #expect(try inputs.map { try run($0, rows: 50) } == first)
    }

    @Test func productThatOneDNNLacksIsAnErrorAndNotASlowOne() throws {
        var generator = SeededGenerator(seed: 22)
        let device = try CPUDevice(kernels: #require(KernelTable(CPULevel.best)), threads: 2)
        let weight = Cells(random: 64 * 64, using: &generator)
        let layer = try Linear(
            outputs: 64, inputs: 64, weight: weight.floats, bias: nil, type: .float32, usage: .manyRows, device: device)
        let x = Cells(random: 50 * (64 + 8), using: &generator)
        let y = Cells(random: 50 * (64 + 8), using: &generator)
        let expected = Self.plain(
            x, weight, nil, into: y, rows: 50, outputs: 64, inputs: 64, type: .float32, gelu: true, accumulate: true)
        do throws(DeviceError) {
            try layer.run(
                MatrixView(x.pointer, type: .float32, rows: 50, columns: 64, rowStride: 72),
                into: MatrixView(y.pointer, type: .float32, rows: 50, columns: 64, rowStride: 72), gelu: true,
                accumulate: true, on: device.stream)
            #expect(error(y, expected, absolute: 1e-5) <= 1)
        } catch {
            #expect(error.code == .unsupportedShape && error.message.contains("x 64 x 64"), "\(error)")
        }
    }

    @Test func noRowsAreNoWork() throws {
        let device = try CPUDevice(kernels: #require(KernelTable(CPULevel.best)), threads: 1)
        let weight = Cells(64 * 64)
        for usage in [Linear.Usage.fewRows, .manyRows] {
            let layer = try Linear(
                outputs: 64, inputs: 64, weight: weight.floats, bias: nil, type: .float32, usage: usage, device: device)
            let y = Cells([Float](repeating: 5, count: 64))
            try layer.run(
                MatrixView(weight.pointer, type: .float32, rows: 0, columns: 64),
                into: MatrixView(y.pointer, type: .float32, rows: 0, columns: 64), on: device.stream)
            #expect(y[0] == 5 && y[63] == 5)
            #expect(layer.byteCount >= 64 * 64 * 2)
        }
    }

    /// The product in double precision, of weights as the type holds them.
    private static func plain(
        _ x: Cells, _ weight: Cells, _ bias: Cells?, into y: Cells, rows: Int, outputs: Int, inputs: Int,
        padding: Int = 8, type: ScalarType, gelu: Bool, accumulate: Bool
    ) -> Cells {
        let held = Cells((0..<weight.count).map { weight[$0] }, type: type)
        let result = y.copy()
        for row in 0..<rows {
            for output in 0..<outputs {
                var sum = Double(bias?[output] ?? 0)
                let start = row * (inputs + padding)
                for i in 0..<inputs { sum += Double(x[start + i]) * Double(held[output * inputs + i]) }
                if gelu { sum = 0.5 * sum * (1 + erf(sum * 0.5.squareRoot())) }
                let at = row * (outputs + padding) + output
                result[at] = Float(accumulate ? sum + Double(y[at]) : sum)
            }
        }
        return result
    }
}

/// What is held in two bytes where that loses nothing.
@Suite struct ExactWeightTests {
    private static let (outputs, inputs) = (48, 70)

    private func product(_ weight: Cells, on device: CPUDevice) throws -> (bytes: Int, output: [UInt8]) {
        var generator = SeededGenerator(seed: 71)
        let matrices = [0, 16].map { first in
            StoredMatrix(
                weight.pointer + first * Self.inputs * weight.type.byteCount, type: weight.type,
                rows: first == 0 ? 16 : 32)
        }
        let layer = try Linear(
            matrices, inputs: Self.inputs, bias: nil, type: .float32, usage: .fewRows, device: device)
        let x = Cells(random: 5 * Self.inputs, using: &generator)
        let y = Cells(5 * Self.outputs)
        try layer.run(
            MatrixView(x.pointer, type: .float32, rows: 5, columns: Self.inputs),
            into: MatrixView(y.pointer, type: .float32, rows: 5, columns: Self.outputs), on: device.stream)
        return (layer.byteCount, y.bytes)
    }

    /// However the same numbers are stored, a product has the same bits, and half the bytes where they fit.
    @Test(arguments: CPULevel.available) func storageChangesNoBit(_ level: CPULevel) throws {
        var generator = SeededGenerator(seed: 70)
        let kernels = try #require(KernelTable(level))
        let device = try CPUDevice(kernels: kernels, threads: 2)
        let count = Self.outputs * Self.inputs
        for type in [ScalarType.float16, .bfloat16] {
            let stored = Cells(random: count, type: type, using: &generator)
            let widened = Cells((0..<count).map { stored[$0] })
            // A number more that neither type of two bytes holds.
            let odd = widened.copy()
            odd[count - 1] = 1 / 3
            let (plain, exact) = (try product(widened, on: device), try product(stored, on: device))
            #expect(plain.output == exact.output, "\(type)")
            let narrow = count * 2
            #expect(exact.bytes == (type == .bfloat16 || kernels.widensFloat16 ? narrow : 2 * narrow))
            if type == .float16 { #expect(plain.bytes == exact.bytes) }
            #expect(try product(odd, on: device).bytes == 2 * narrow)
        }
    }

    /// The edges of what float16 holds, each beside zeros, which it does.
    @Test func edgesOfFloat16() throws {
        let kernels = try #require(CPULevel.available.compactMap(KernelTable.init).last { $0.widensFloat16 })
        let device = try CPUDevice(kernels: kernels, threads: 1)
        let count = Self.outputs * Self.inputs
        func isNarrow(_ value: Float) throws -> Bool {
            let weight = Cells(count)
            weight[7] = value
            return try product(weight, on: device).bytes == count * 2
        }
        for value: Float in [0, -0.0, 1, -1.5, 65504, 0x1p-14, 0x1p-24, 3 * 0x1p-24, -0x1.ff8p-15] {
            #expect(try isNarrow(value), "\(value)")
        }
        for value: Float in [65505, 65520, 0x1p16, 1 + 0x1p-11, 0x1p-25, 1.5 * 0x1p-24, .infinity, .nan, 0x1p-130] {
            #expect(try !isNarrow(value), "\(value)")
        }
    }
}
