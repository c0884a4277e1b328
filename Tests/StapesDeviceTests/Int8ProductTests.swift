import CKernels
import StapesDevice
import StapesTesting
import Testing

/// Products with weights in int8.
@Suite struct Int8ProductTests {
    /// The last digits of scales and bias; integers are summed exactly, and GELU's erf is good to 1.5e-7.
    private static let tolerance: Float = 1e-5
    private static let shapes = [(16, 64), (50, 384), (130, 512), (33, 2048), (1, 100), (21, 70), (40, 3)]

    /// Weights as the reference packs them.
    private struct Packed {
        let weight: [Int8]
        let scales: [Float]
        let corrections: [Int32]

        init(_ weight: Cells, outputs: Int, inputs: Int, on stream: StapesDevice.Stream) {
            let padded = (outputs + 15) / 16 * 16
            // Stale numbers: what fills the last panel and the last quads must be written.
            var packed = [Int8](repeating: 77, count: padded * ((inputs + 3) / 4 * 4))
            var scales = [Float](repeating: .nan, count: padded)
            var corrections = [Int32](repeating: 77, count: padded)
            packed.withUnsafeMutableBufferPointer { packed in
                scales.withUnsafeMutableBufferPointer { scales in
                    corrections.withUnsafeMutableBufferPointer { corrections in
                        stream.launch(
                            stream.kernels.packInt8,
                            stapes_pack_int8_arguments(
                                weight: weight.floats, packed: packed.baseAddress!, scales: scales.baseAddress!,
                                corrections: corrections.baseAddress!, n: Int64(outputs), k: Int64(inputs),
                                weight_type: STAPES_FLOAT32))
                    }
                }
            }
            (self.weight, self.scales, self.corrections) = (packed, scales, corrections)
        }
    }

    private static func run(
        _ p: Product, _ packed: Packed, x: Cells, bias: Cells, y: Cells, first: Int = 0, count: Int? = nil,
        on stream: StapesDevice.Stream
    ) -> Cells {
        let rows = count ?? p.rows
        let c = Cells(rows * p.outputStride, type: p.outputType)
        c.pointer.copyMemory(
            from: y.pointer + first * p.outputStride * p.outputType.byteCount,
            byteCount: c.count * p.outputType.byteCount)
        packed.weight.withUnsafeBufferPointer { weight in
            packed.scales.withUnsafeBufferPointer { scales in
                packed.corrections.withUnsafeBufferPointer { corrections in
                    stream.launch(
                        stream.kernels.matmulInt8,
                        stapes_matmul_int8_arguments(
                            a: x.pointer + first * p.inputStride * p.inputType.byteCount, weight: weight.baseAddress!,
                            scales: scales.baseAddress!, corrections: corrections.baseAddress!,
                            bias: p.bias ? UnsafePointer(bias.floats) : nil, c: c.pointer, m: Int64(rows),
                            n: Int64(p.outputs), k: Int64(p.inputs), a_stride: Int64(p.inputStride),
                            c_stride: Int64(p.outputStride), a_type: p.inputType.kernelType,
                            c_type: p.outputType.kernelType, gelu: p.gelu, accumulate: p.accumulate))
                }
            }
        }
        return c
    }

    @Test(arguments: Runner.all) func packMatchesReference(_ runner: Runner) throws {
        var generator = SeededGenerator(seed: 70)
        let stream = try runner.stream()
        let reference = try referenceStream()
        for (outputs, inputs) in Self.shapes {
            let weight = Cells(random: outputs * inputs, using: &generator)
            // An output of zeros has no scale.
            weight.fill(0..<inputs, 0)
            let one = Packed(weight, outputs: outputs, inputs: inputs, on: stream)
            let other = Packed(weight, outputs: outputs, inputs: inputs, on: reference)
            #expect(one.weight == other.weight && one.scales == other.scales, "\(outputs) x \(inputs)")
            #expect(one.corrections == other.corrections, "\(outputs) x \(inputs)")
        }
    }

    @Test(arguments: computeTypes, computeTypes) func matchesReference(input: ScalarType, output: ScalarType) throws {
        var generator = SeededGenerator(seed: 71)
        let reference = try referenceStream()
        let streams = try Runner.all.map { (runner: $0, stream: try $0.stream()) }
        var flags = 0
        for (outputs, inputs) in Self.shapes {
            for rows in [1, 2, 3, 4, 5, 7, 12, 13, 30] {
                flags = (flags + 3) % 8
                var p = Product(
                    rows: rows, outputs: outputs, inputs: inputs, inputStride: inputs + flags % 2 * 5,
                    outputStride: outputs + flags % 3)
                (p.inputType, p.outputType) = (input, output)
                (p.bias, p.gelu, p.accumulate) = (flags & 1 != 0, flags & 2 != 0, flags & 4 != 0)
                let data = try ProductData(p, using: &generator)
                let packed = Packed(data.weight, outputs: outputs, inputs: inputs, on: reference)
                let expected = Self.run(p, packed, x: data.input, bias: data.bias, y: data.output, on: reference)
                for (runner, stream) in streams {
                    let found = Self.run(p, packed, x: data.input, bias: data.bias, y: data.output, on: stream)
                    let worst = error(found, expected, absolute: Self.tolerance)
                    #expect(worst <= 1, "\(runner), \(rows) x \(outputs) x \(inputs), flags \(flags)")
                }
            }
        }
    }

    /// Sums are of integers: without what follows them every level has the same bits, and so has a row in any company.
    @Test func rowHasTheSameBitsAtEveryLevelAndInAnyNumberOfRows() throws {
        var generator = SeededGenerator(seed: 72)
        for (outputs, inputs) in [(50, 64), (33, 384), (16, 2048)] {
            for finished in [false, true] {
                var p = Product(rows: 97, outputs: outputs, inputs: inputs)
                (p.bias, p.gelu, p.accumulate) = (finished, finished, finished)
                let data = try ProductData(p, using: &generator)
                let packed = Packed(data.weight, outputs: outputs, inputs: inputs, on: try referenceStream())
                var levels: Set<[UInt8]> = []
                for level in CPULevel.available {
                    let alone = Self.run(
                        p, packed, x: data.input, bias: data.bias, y: data.output,
                        on: try Runner(level: level, threads: 1).stream())
                    levels.insert(alone.bytes)
                    for threads in 1...4 {
                        let stream = try Runner(level: level, threads: threads).stream()
                        for count in [1, 2, 3, 4, 5, 6, 7, 11, 12, 13, 24, 30, 96, 97] {
                            let first = Int.random(in: 0...97 - count, using: &generator)
                            let some = Self.run(
                                p, packed, x: data.input, bias: data.bias, y: data.output, first: first, count: count,
                                on: stream)
                            let same = some.bytes == alone.bytes(first * outputs..<(first + count) * outputs)
                            #expect(same, "\(level), \(threads) threads, \(count) rows of \(outputs) x \(inputs)")
                        }
                    }
                }
                #expect(finished || levels.count == 1)
            }
        }
    }

    /// What rounding the weights to eight bits costs: of one size, they are good to less than a hundredth of the sums.
    @Test func roundingIsSmallBesideTheSums() throws {
        var generator = SeededGenerator(seed: 73)
        let p = Product(rows: 4, outputs: 64, inputs: 512)
        let data = try ProductData(p, using: &generator)
        let stream = try Runner(level: .best, threads: 2).stream()
        let packed = Packed(data.weight, outputs: p.outputs, inputs: p.inputs, on: stream)
        let found = Self.run(p, packed, x: data.input, bias: data.bias, y: data.output, on: stream)
        let exact = data.run(p, on: try referenceStream())
        var (squares, errors) = (Float(0), Float(0))
        for i in 0..<exact.count {
            squares += exact[i] * exact[i]
            errors += (found[i] - exact[i]) * (found[i] - exact[i])
        }
        #expect((errors / squares).squareRoot() < 0.01)
    }

    @Test func rowThatIsNotFiniteSpoilsItselfAlone() throws {
        var generator = SeededGenerator(seed: 74)
        for poison in [Float.nan, .infinity, -.infinity] {
            for place in [0, 69] {
                let p = Product(rows: 3, outputs: 21, inputs: 70)
                let data = try ProductData(p, using: &generator)
                let packed = Packed(data.weight, outputs: p.outputs, inputs: p.inputs, on: try referenceStream())
                for runner in Runner.levels {
                    let stream = try runner.stream()
                    let clean = Self.run(p, packed, x: data.input, bias: data.bias, y: data.output, on: stream)
                    let x = data.input.copy()
                    x[p.inputs + place] = poison
                    let found = Self.run(p, packed, x: x, bias: data.bias, y: data.output, on: stream)
                    #expect((0..<21).allSatisfy { found[21 + $0].isNaN }, "\(runner), \(poison)")
                    #expect(found.bytes(0..<21) == clean.bytes(0..<21))
                    #expect(found.bytes(42..<63) == clean.bytes(42..<63))
                }
            }
        }
    }
}
