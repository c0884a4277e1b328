import Glibc
import StapesDevice
import StapesTesting
import Testing

/// What is multiplied in 16-bit integers, where the processor does that.
@Suite(.enabled(if: CPUDevice.hasInt16Products, "this processor does not multiply 16-bit integers"))
struct Int16Tests {
    /// A row as integers of twelve bits times a scale.
    private static func rounded(_ row: [Float]) -> (integers: [Int], scale: Double) {
        let maximum = row.reduce(0) { max($0, abs($1)) }
        let inverse = maximum > 0 && (2047 / maximum).isFinite ? 2047 / maximum : 0
        return (row.map { Int(($0 * inverse).rounded(.toNearestOrEven)) }, Double(maximum / 2047))
    }

    private static func device(threads: Int) throws -> CPUDevice {
        try CPUDevice(kernels: #require(KernelTable(CPULevel.best)), threads: threads)
    }

    private static func linear(_ weight: Cells, _ bias: Cells?, outputs: Int, device: CPUDevice) throws -> Linear {
        try Linear(
            outputs: outputs, inputs: weight.count / outputs, weight: weight.floats,
            bias: bias.map { UnsafePointer($0.floats) }, type: .float32, integers: .int16, usage: .manyRows,
            device: device)
    }

    /// Inputs of more than a block of exact sums, of one, and fewer; panels that are not full; rows that overlap.
    @Test(arguments: [(64, 64), (192, 70), (100, 384), (33, 2048), (7, 515), (32, 1)], [1, 2, 3])
    func productMatchesIntegersOfTwelveBits(shape: (outputs: Int, inputs: Int), threads: Int) throws {
        var generator = SeededGenerator(seed: 80)
        let (outputs, inputs) = shape
        let device = try Self.device(threads: threads)
        let weight = Cells(random: outputs * inputs, scale: 2 / Float(inputs).squareRoot(), using: &generator)
        let bias = Cells(random: outputs, using: &generator)
        let layer = try Self.linear(weight, bias, outputs: outputs, device: device)
        let weights = (0..<outputs).map { row in Self.rounded((0..<inputs).map { weight[row * inputs + $0] }) }
        for (turn, rows) in [1, 2, 11, 12, 13, 50].enumerated() {
            let (gelu, accumulate) = (turn % 3 == 1, turn % 3 == 2)
            let stride = turn % 2 == 0 ? inputs + 3 : max(1, inputs / 2)
            let x = Cells(random: (rows - 1) * stride + inputs, scale: 3, using: &generator)
            let y = Cells(random: rows * (outputs + 5), using: &generator)
            let expected = y.copy()
            for row in 0..<rows {
                let (integers, scale) = Self.rounded((0..<inputs).map { x[row * stride + $0] })
                for column in 0..<outputs {
                    let total = zip(integers, weights[column].integers).reduce(0) { $0 + $1.0 * $1.1 }
                    var sum = Double(total) * scale * weights[column].scale + Double(bias[column])
                    if gelu { sum = 0.5 * sum * (1 + erf(sum * 0.5.squareRoot())) }
                    let at = row * (outputs + 5) + column
                    expected[at] = Float(accumulate ? sum + Double(y[at]) : sum)
                }
            }
            try layer.run(
                MatrixView(x.pointer, type: .float32, rows: rows, columns: inputs, rowStride: stride),
                into: MatrixView(y.pointer, type: .float32, rows: rows, columns: outputs, rowStride: outputs + 5),
                gelu: gelu, accumulate: accumulate, on: device.stream)
            // The cells between two rows are in the comparison: nobody may write there.
            #expect(error(y, expected, absolute: 2e-6) <= 1, "\(rows) rows, gelu \(gelu), accumulate \(accumulate)")
        }
    }

    /// The largest integers everywhere, all of one sign: sums must not overflow.
    @Test func largestSumsFit() throws {
        let (outputs, inputs, rows) = (32, 2048, 12)
        let device = try Self.device(threads: 1)
        let weight = Cells([Float](repeating: -1, count: outputs * inputs))
        let layer = try Self.linear(weight, nil, outputs: outputs, device: device)
        let x = Cells([Float](repeating: 1, count: rows * inputs))
        let y = Cells(rows * outputs)
        try layer.run(
            MatrixView(x.pointer, type: .float32, rows: rows, columns: inputs),
            into: MatrixView(y.pointer, type: .float32, rows: rows, columns: outputs), on: device.stream)
        #expect((0..<y.count).allSatisfy { abs(y[$0] + 2048) < 0.01 })
    }

    @Test func rowHasItsBitsInAnyBlockOnAnyThread() throws {
        var generator = SeededGenerator(seed: 81)
        let (outputs, inputs, rows) = (96, 384, 40)
        let weight = Cells(random: outputs * inputs, using: &generator)
        let x = Cells(random: rows * inputs, using: &generator)
        func run(_ first: Int, _ count: Int, threads: Int) throws -> [UInt8] {
            let device = try Self.device(threads: threads)
            let layer = try Self.linear(weight, nil, outputs: outputs, device: device)
            let y = Cells(count * outputs)
            try layer.run(
                MatrixView(x.pointer + first * inputs * 4, type: .float32, rows: count, columns: inputs),
                into: MatrixView(y.pointer, type: .float32, rows: count, columns: outputs), on: device.stream)
            return y.bytes
        }
        let all = try run(0, rows, threads: 1)
        for threads in [2, 3, 7] { #expect(try run(0, rows, threads: threads) == all) }
        for (first, count) in [(0, 1), (5, 1), (39, 1), (3, 12), (7, 13)] {
            let bytes = first * outputs * 4..<(first + count) * outputs * 4
            #expect(try run(first, count, threads: 2) == Array(all[bytes]), "\(count) from \(first)")
        }
    }

    /// A row that holds no number gives none, and its neighbours are what they are without it.
    @Test(arguments: [Float.nan, .infinity, -.infinity]) func whatIsNoNumberStaysInItsRow(_ value: Float) throws {
        var generator = SeededGenerator(seed: 82)
        let (outputs, inputs) = (40, 70)
        let device = try Self.device(threads: 2)
        let layer = try Self.linear(
            Cells(random: outputs * inputs, using: &generator), nil, outputs: outputs, device: device)
        let x = Cells(random: 3 * inputs, using: &generator)
        func run() throws -> Cells {
            let y = Cells(3 * outputs)
            try layer.run(
                MatrixView(x.pointer, type: .float32, rows: 3, columns: inputs),
                into: MatrixView(y.pointer, type: .float32, rows: 3, columns: outputs), on: device.stream)
            return y
        }
        let clean = try run()
        for column in [0, 69] {
            x[inputs + column] = value
            let y = try run()
            #expect((outputs..<2 * outputs).allSatisfy { y[$0].isNaN })
            for row in [0, 2] {
                let bytes = row * outputs * 4..<(row + 1) * outputs * 4
                #expect(y.bytes[bytes] == clean.bytes[bytes])
            }
        }
    }

    @Test func rowsOfZerosAreZero() throws {
        let device = try Self.device(threads: 1)
        let layer = try Self.linear(Cells(64 * 64), nil, outputs: 64, device: device)
        let (x, y) = (Cells(5 * 64), Cells([Float](repeating: 7, count: 5 * 64)))
        try layer.run(
            MatrixView(x.pointer, type: .float32, rows: 5, columns: 64),
            into: MatrixView(y.pointer, type: .float32, rows: 5, columns: 64), on: device.stream)
        #expect((0..<y.count).allSatisfy { y[$0] == 0 })
    }
}

@Suite(.enabled(if: CPUDevice.hasInt16Products, "this processor does not multiply 16-bit integers"))
struct Int16AttentionTests {
    /// Values lie in -1 ..< 1 and are off by half of 1/2047, weights of the softmax by half of 1/16383 each, and keys and
    /// queries of up to `sharpness` by half of 1/4095 of it in each of 64 products.
    static func tolerance(_ sharpness: Float) -> Float { 4e-4 + 4e-4 * sharpness }

    private static func stream(threads: Int) throws -> StapesDevice.Stream {
        try Stream(kernels: #require(KernelTable(CPULevel.best)).withInt16Attention, threads: threads)
    }

    @Test(arguments: [1, 2, 7, 8, 9, 47, 48, 49, 63, 64, 65, 129, 500]) func matchesReference(_ frames: Int) throws {
        var generator = SeededGenerator(seed: 90)
        for sharpness in [Float(1), 8] {
            let window = EncoderWindow(
                frames: frames, heads: frames < 500 ? 3 : 1, type: .float32, sharpness: sharpness, using: &generator)
            let expected = window.attend(on: try referenceStream())
            for threads in [1, 2, 3] {
                let found = window.attend(on: try Self.stream(threads: threads))
                #expect(error(found, expected, absolute: Self.tolerance(sharpness)) <= 1, "sharpness \(sharpness)")
                #expect(found.bytes == window.attend(on: try Self.stream(threads: 1)).bytes, "threads change no bit")
            }
        }
    }

    @Test func fullWindowMatchesReference() throws {
        var generator = SeededGenerator(seed: 91)
        let window = EncoderWindow(frames: 1500, heads: 1, type: .float32, sharpness: 4, using: &generator)
        let expected = window.attend(on: try referenceStream())
        let found = window.attend(on: try Self.stream(threads: 2))
        #expect(error(found, expected, absolute: Self.tolerance(4)) <= 1)
    }

    /// Every score lies far below zero, which what pads a block scores: the output is the mean of the values.
    @Test(arguments: [1, 7, 9, 63, 65, 130]) func paddingWeighsNothing(_ frames: Int) throws {
        var generator = SeededGenerator(seed: 92)
        let window = EncoderWindow(frames: frames, heads: 1, type: .float32, sharpness: 1, using: &generator)
        for frame in 0..<frames {
            for column in 0..<64 {
                window.projected[frame * 192 + column] = 16
                window.projected[frame * 192 + 64 + column] = -16
            }
        }
        let expected = window.attend(on: try referenceStream())
        #expect(error(window.attend(on: try Self.stream(threads: 2)), expected, absolute: Self.tolerance(1)) <= 1)
    }

    /// A query of zeros, or keys of zeros: every position weighs the same, and what pads a block nothing.
    @Test(arguments: [1, 9, 65], [0, 64]) func zerosWeighAllTheSame(frames: Int, zeroed: Int) throws {
        var generator = SeededGenerator(seed: 95)
        let window = EncoderWindow(frames: frames, heads: 1, type: .float32, sharpness: 1, using: &generator)
        for frame in 0..<frames { window.projected.fill(frame * 192 + zeroed..<frame * 192 + zeroed + 64, 0) }
        let expected = window.attend(on: try referenceStream())
        #expect(error(window.attend(on: try Self.stream(threads: 2)), expected, absolute: Self.tolerance(1)) <= 1)
    }

    /// A query that holds no number gives none, and the others are what they are without it; a key or a value that holds
    /// none leaves nothing of its head.
    @Test(arguments: [Float.nan, .infinity, -.infinity]) func whatIsNoNumberGivesNone(_ value: Float) throws {
        var generator = SeededGenerator(seed: 96)
        for (part, column) in [(0, 5), (64, 0), (64, 63), (128, 0), (128, 40)] {
            let window = EncoderWindow(frames: 70, heads: 1, type: .float32, sharpness: 1, using: &generator)
            let clean = window.attend(on: try Self.stream(threads: 1))
            window.projected[3 * 192 + part + column] = value
            let found = window.attend(on: try Self.stream(threads: 1))
            let stride = found.count / 70
            for frame in 0..<70 {
                let row = (0..<64).map { found[frame * stride + $0] }
                if part == 0, frame != 3 {
                    #expect(row == (0..<64).map { clean[frame * stride + $0] })
                } else {
                    let hasNone = row.allSatisfy { $0.isNaN }
                    #expect(hasNone, "part \(part), frame \(frame)")
                }
            }
        }
    }

    /// All of a sum's products as large as they can be, of one sign.
    @Test func largestSumsFit() throws {
        var generator = SeededGenerator(seed: 93)
        let window = EncoderWindow(frames: 200, heads: 1, type: .float32, sharpness: 1, using: &generator)
        for cell in 0..<window.projected.count { window.projected[cell] = 1 }
        let expected = window.attend(on: try referenceStream())
        #expect(error(window.attend(on: try Self.stream(threads: 1)), expected, absolute: Self.tolerance(1)) <= 1)
    }

    /// Scratch memory is reused: what a long window left there is not seen by a short one.
    @Test func windowHasTheSameBitsAfterALongerOne() throws {
        var generator = SeededGenerator(seed: 94)
        let long = EncoderWindow(frames: 400, heads: 2, type: .float32, sharpness: 3, using: &generator)
        let short = EncoderWindow(frames: 61, heads: 2, type: .float32, sharpness: 3, using: &generator)
        let fresh = short.attend(on: try Self.stream(threads: 1)).bytes
        let stream = try Self.stream(threads: 1)
        _ = long.attend(on: stream)
        #expect(short.attend(on: stream).bytes == fresh)
    }
}
