import StapesDevice
import StapesTesting
import Testing

@Suite struct MatmulTests {
    struct Types: Sendable, CustomTestStringConvertible {
        let input, weight, output: ScalarType
        var testDescription: String { "\(input) * \(weight) -> \(output)" }
        static let all: [Types] = computeTypes.flatMap { input in
            storedTypes.flatMap { weight in
                computeTypes.map { Types(input: input, weight: weight, output: $0) }
            }
        }
    }

    /// Outputs that fill panels and that do not; inputs from the smallest model's to the feed-forward's.
    static let shapes = [(16, 64), (50, 384), (130, 512), (33, 2048), (1, 100)]

    /// Sums of 2048 products near one: float32 is off by about 1e-6; GELU's erf by 1.5e-7.
    static let tolerance: Float = 1e-5

    @Test(arguments: Types.all) func matchesReferenceInEveryTypeAndFlag(_ types: Types) throws {
        var generator = SeededGenerator(seed: 10)
        let reference = try referenceStream()
        let streams = try Runner.all.map { (runner: $0, stream: try $0.stream()) }
        var flags = 0
        for (outputs, inputs) in Self.shapes {
            for rows in RowKernelTests.rows {
                flags = (flags + 3) % 8
                var product = Product(
                    rows: rows, outputs: outputs, inputs: inputs, inputStride: inputs + flags % 2 * 5,
                    outputStride: outputs + flags % 3)
                (product.inputType, product.weightType, product.outputType) = (types.input, types.weight, types.output)
                (product.bias, product.gelu, product.accumulate) = (flags & 1 != 0, flags & 2 != 0, flags & 4 != 0)
                let data = try ProductData(product, using: &generator)
                let expected = data.run(product, on: reference)
                for (runner, stream) in streams {
                    // The cells between two rows of the output are in the comparison: nobody may write there.
                    let worst = error(data.run(product, on: stream), expected, absolute: Self.tolerance)
                    #expect(worst <= 1, "\(runner), \(rows) x \(outputs) x \(inputs), flags \(flags)")
                }
            }
        }
    }

    @Test func everyFlagCombinationMatchesReference() throws {
        var generator = SeededGenerator(seed: 11)
        let reference = try referenceStream()
        for runner in Runner.levels {
            let stream = try runner.stream()
            for flags in 0..<8 {
                for output in computeTypes {
                    var product = Product(rows: 7, outputs: 21, inputs: 70)
                    product.outputType = output
                    (product.bias, product.gelu, product.accumulate) = (flags & 1 != 0, flags & 2 != 0, flags & 4 != 0)
                    let data = try ProductData(product, using: &generator)
                    let worst = error(
                        data.run(product, on: stream), data.run(product, on: reference), absolute: Self.tolerance)
                    #expect(worst <= 1, "\(runner), flags \(flags), \(output)")
                }
            }
        }
    }

    /// A convolution over three frames: rows begin one frame (stride 1) or two frames (stride 2) after each other.
    @Test(arguments: computeTypes) func overlappingRowsMatchReference(_ type: ScalarType) throws {
        var generator = SeededGenerator(seed: 12)
        let reference = try referenceStream()
        for (bins, step) in [(80, 1), (64, 2), (128, 1)] {
            for rows in [1, 2, 7, 97] {
                var product = Product(rows: rows, outputs: 64, inputs: 3 * bins, inputStride: step * bins)
                (product.inputType, product.weightType, product.outputType) = (type, type, type)
                (product.bias, product.gelu) = (true, true)
                let data = try ProductData(product, using: &generator)
                let expected = data.run(product, on: reference)
                for runner in Runner.all {
                    let worst = error(
                        data.run(product, on: try runner.stream()), expected, absolute: Self.tolerance)
                    #expect(worst <= 1, "\(runner), \(rows) rows, step \(step)")
                }
            }
        }
    }

    /// Invariant 12: a row's bits do not depend on the rows beside it, nor on the threads.
    @Test(arguments: Types.all) func rowHasTheSameBitsInAnyNumberOfRows(_ types: Types) throws {
        var generator = SeededGenerator(seed: 13)
        for (outputs, inputs) in [(50, 64), (33, 384), (16, 2048)] {
            var product = Product(rows: 97, outputs: outputs, inputs: inputs)
            (product.inputType, product.weightType, product.outputType) = (types.input, types.weight, types.output)
            (product.bias, product.gelu, product.accumulate) = (true, true, true)
            let data = try ProductData(product, using: &generator)
            for level in CPULevel.available {
                let alone = data.run(product, on: try Runner(level: level, threads: 1).stream())
                for threads in 1...4 {
                    let stream = try Runner(level: level, threads: threads).stream()
                    for count in [1, 2, 3, 4, 5, 6, 7, 11, 12, 13, 24, 30, 48, 96, 97] {
                        let first = Int.random(in: 0...97 - count, using: &generator)
                        let some = data.run(product, first: first, count: count, on: stream)
                        let same = some.bytes == alone.bytes(first * outputs..<(first + count) * outputs)
                        #expect(same, "\(level), \(threads) threads, \(count) rows of \(outputs) x \(inputs)")
                    }
                }
            }
        }
    }

    @Test func rowsOfNothingWriteNothing() throws {
        var generator = SeededGenerator(seed: 14)
        let product = Product(rows: 3, outputs: 20, inputs: 64)
        let data = try ProductData(product, using: &generator)
        for runner in Runner.levels {
            #expect(data.run(product, count: 0, on: try runner.stream()).count == 0)
        }
    }
}
