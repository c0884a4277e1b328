import CKernels
import StapesDevice
import StapesTesting
import Testing

@Suite struct RowKernelTests {
    static let rows = [1, 2, 3, 5, 6, 7, 13, 48, 97]
    static let widths = [64, 384, 512, 77]

    @Test(arguments: Runner.all) func layerNormMatchesReference(_ runner: Runner) throws {
        var generator = SeededGenerator(seed: 1)
        let stream = try runner.stream()
        let reference = try referenceStream()
        for width in Self.widths {
            let gamma = Cells(random: width, scale: 2, using: &generator)
            let beta = Cells(random: width, using: &generator)
            for rows in Self.rows {
                for type in computeTypes {
                    let (xStride, yStride) = (width + 3, width + 5)
                    let x = Cells(random: rows * xStride, scale: 3, using: &generator)
                    for row in 0..<rows { x.fill(row * xStride + width..<(row + 1) * xStride, .nan) }
                    let outputs = [reference, stream].map { stream in
                        let y = Cells([Float](repeating: 7, count: rows * yStride), type: type)
                        stream.launch(
                            stream.kernels.layerNorm,
                            stapes_layer_norm_arguments(
                                x: x.floats, gamma: gamma.floats, beta: beta.floats, y: y.pointer, rows: Int64(rows),
                                width: Int64(width), x_stride: Int64(xStride), y_stride: Int64(yStride),
                                y_type: type.kernelType, epsilon: LayerNorm.epsilon))
                        return y
                    }
                    #expect(error(outputs[1], outputs[0], absolute: 1e-5) <= 1, "rows \(rows), width \(width), \(type)")
                }
            }
        }
    }

    /// Variance must not be taken as a difference of large numbers. Floats at 1000 are 6e-5 apart, so that the mean is
    /// known to about that, and the norm to some 2e-4 of a unit; the difference of squares would be off by several.
    @Test(arguments: Runner.levels) func layerNormFarFromZeroKeepsItsDigits(_ runner: Runner) throws {
        var generator = SeededGenerator(seed: 7)
        for width in Self.widths {
            let x = Cells(random: 3 * width, scale: 2, using: &generator)
            for index in 0..<x.count { x[index] += 1000 }
            let gamma = Cells([Float](repeating: 1, count: width))
            let beta = Cells(width)
            let outputs = [try referenceStream(), try runner.stream()].map { stream in
                let y = Cells(3 * width)
                stream.launch(
                    stream.kernels.layerNorm,
                    stapes_layer_norm_arguments(
                        x: x.floats, gamma: gamma.floats, beta: beta.floats, y: y.pointer, rows: 3,
                        width: Int64(width), x_stride: Int64(width), y_stride: Int64(width), y_type: STAPES_FLOAT32,
                        epsilon: LayerNorm.epsilon))
                return y
            }
            #expect(error(outputs[1], outputs[0], absolute: 3e-4) <= 1, "width \(width)")
        }
    }

    @Test func layerNormOfEqualValuesIsBeta() throws {
        for runner in Runner.levels {
            let stream = try runner.stream()
            let x = Cells([Float](repeating: 3, count: 64))
            let gamma = Cells([Float](repeating: 2, count: 64))
            let beta = Cells((0..<64).map { Float($0) })
            let y = Cells(64)
            stream.launch(
                stream.kernels.layerNorm,
                stapes_layer_norm_arguments(
                    x: x.floats, gamma: gamma.floats, beta: beta.floats, y: y.pointer, rows: 1, width: 64, x_stride: 64,
                    y_stride: 64, y_type: STAPES_FLOAT32, epsilon: LayerNorm.epsilon))
            #expect(y.bytes == beta.bytes)
        }
    }

    @Test(arguments: Runner.all) func embedMatchesReferenceAtAnyAddress(_ runner: Runner) throws {
        var generator = SeededGenerator(seed: 2)
        let stream = try runner.stream()
        let reference = try referenceStream()
        let (vocabulary, positions) = (50, 20)
        for width in Self.widths {
            let positionTable = Cells(random: positions * width, using: &generator)
            for type in [ScalarType.float32, .bfloat16, .float16] {
                for byteOffset in [0, 1, 2, 3] {
                    let table = table(vocabulary * width, type: type, using: &generator)
                    let raw = UnsafeMutableRawPointer.allocate(byteCount: table.count + 8, alignment: 64)
                    defer { raw.deallocate() }
                    (raw + byteOffset).copyMemory(from: table, byteCount: table.count)
                    for rows in [1, 2, 7, 48] {
                        let tokens = (0..<rows).map { _ in Int32.random(in: 0..<50, using: &generator) }
                        let at = (0..<rows).map { _ in Int32.random(in: 0..<20, using: &generator) }
                        let outputs = [reference, stream].map { stream in
                            let y = Cells(rows * width)
                            stream.embed(
                                tokens: tokens, positions: at, table: raw + byteOffset, tableType: type,
                                positionTable: positionTable.floats,
                                into: MatrixView(y.pointer, type: .float32, rows: rows, columns: width))
                            return y.bytes
                        }
                        #expect(outputs[0] == outputs[1], "rows \(rows), width \(width), \(type), byte \(byteOffset)")
                    }
                }
            }
        }
    }

    /// Bytes of random finite numbers; half precision in all its kinds, subnormals and zeros of both signs included.
    private func table(_ count: Int, type: ScalarType, using generator: inout SeededGenerator) -> [UInt8] {
        guard type == .float16 else { return Cells(random: count, type: type, using: &generator).bytes }
        let halves = (0..<count).map { index -> UInt16 in
            switch index % 5 {
            case 0: UInt16.random(in: 0..<0x400, using: &generator)
            case 1: 0x8000
            default: UInt16.random(in: 0..<0x7c00, using: &generator) | (UInt16(index & 1) << 15)
            }
        }
        return halves.withUnsafeBytes { Array($0) }
    }

    @Test(arguments: Runner.all) func gatherMatchesReference(_ runner: Runner) throws {
        var generator = SeededGenerator(seed: 3)
        let stream = try runner.stream()
        for width in Self.widths {
            let x = Cells(random: 97 * width, using: &generator)
            for rows in Self.rows {
                let indices = (0..<rows).map { _ in Int32.random(in: 0..<97, using: &generator) }
                let y = Cells(rows * width)
                stream.gather(
                    MatrixView(x.pointer, type: .float32, rows: 97, columns: width), rows: indices,
                    into: MatrixView(y.pointer, type: .float32, rows: rows, columns: width))
                for row in 0..<rows {
                    let from = Int(indices[row]) * width
                    #expect(y.bytes(row * width..<(row + 1) * width) == x.bytes(from..<from + width))
                }
            }
        }
    }

    @Test(arguments: Runner.all) func addMatchesReference(_ runner: Runner) throws {
        var generator = SeededGenerator(seed: 4)
        let stream = try runner.stream()
        let reference = try referenceStream()
        for count in [1, 2, 7, 63, 64, 65, 1000, 4097] {
            for repeats in [1, 3] {
                let x = Cells(random: count, using: &generator)
                let start = Cells(random: count * repeats, using: &generator)
                let (y, expected) = (start.copy(), start.copy())
                stream.add(x.floats, count: count, repeats: repeats, to: y.floats)
                reference.add(x.floats, count: count, repeats: repeats, to: expected.floats)
                #expect(y.bytes == expected.bytes)
                #expect(y[count * repeats - 1] == start[count * repeats - 1] + x[count - 1])
            }
        }
    }

    @Test(arguments: Runner.all) func convertRoundsToNearestEven(_ runner: Runner) throws {
        var generator = SeededGenerator(seed: 5)
        let stream = try runner.stream()
        // Ties that go down and up, the largest float (which becomes infinite), subnormals, what is not a number.
        let special: [UInt32] = [
            0x3f80_8000, 0x3f81_8000, 0x3f80_8001, 0x3f80_7fff, 0x7f7f_ffff, 0x0000_0001, 0x8000_0000, 0x7f80_0000,
            0xff80_0000, 0x7f80_0001, 0x7fff_ffff, 0x0080_0000, 0x007f_ffff,
        ]
        for count in [1, 13, 16, 31, 257, 1000] {
            let x = Cells(count)
            for index in 0..<count {
                x[index] =
                    index < special.count
                    ? Float(bitPattern: special[index])
                    : Float(bitPattern: UInt32.random(in: 0..<0x7f80_0000, using: &generator))
            }
            let floats = Cells(count)
            stream.convert(x.floats, count: count, into: floats.pointer, type: .float32)
            #expect(floats.bytes == x.bytes)
            for type in [ScalarType.bfloat16, .float16, .float8] {
                let y = Cells(count, type: type)
                stream.convert(x.floats, count: count, into: y.pointer, type: type)
                let expected = Cells((0..<count).map { x[$0] }, type: type)
                // Which bits a number that is none has is nobody's promise.
                let same = (0..<count).allSatisfy {
                    y.bytes($0..<$0 + 1) == expected.bytes($0..<$0 + 1) || y[$0].isNaN && x[$0].isNaN
                }
                #expect(same, "\(type), count \(count)")
            }
        }
    }

    /// Every code of E4M3, and around each boundary between two of them: the tie, which goes to the even one, and its
    /// neighbours. Largest numbers take what is above them.
    @Test(arguments: Runner.levels) func everyFloat8IsReadAndRoundedTo(_ runner: Runner) throws {
        for stream in [try runner.stream(), try referenceStream()] {
            let codes = Cells(256, type: .float8)
            for code in 0..<256 { codes.pointer.storeBytes(of: UInt8(code), toByteOffset: code, as: UInt8.self) }
            let values = Cells(256)
            stream.launch(
                stream.kernels.convert,
                stapes_convert_arguments(
                    x: codes.pointer, y: values.pointer, count: 256, x_type: STAPES_FLOAT8, y_type: STAPES_FLOAT32))
            for code in 0..<256 {
                let expected = Cells.float8Values[code]
                #expect(values[code].bitPattern == expected.bitPattern || values[code].isNaN && expected.isNaN)
            }
            #expect(values[0x7e] == 448 && values[1] == 0x1p-9 && values[0x38] == 1 && values[0xff].isNaN)
            #expect(rounded(values, on: stream) == codes.bytes, "a number that there is stays what it is")

            var cases: [(value: Float, code: UInt8)] = []
            for code in UInt8(0)..<0x7e {
                let tie = (values[Int(code)] + values[Int(code) + 1]) / 2
                cases += [(tie.nextDown, code), (tie, code + code % 2), (tie.nextUp, code + 1)]
            }
            cases += [448, 449, 464, 465, 1e30, .greatestFiniteMagnitude, .infinity].map { ($0, 0x7e) }
            cases += [.leastNonzeroMagnitude, 0x1p-126, 1e-20].map { ($0, 0) }
            cases += cases.map { (-$0.value, $0.code | 0x80) } + [(.nan, 0x7f), (-.nan, 0xff)]
            let found = rounded(Cells(cases.map(\.value)), on: stream)
            for (one, (value, code)) in zip(found, cases) { #expect(one == code, "\(value), \(runner)") }
        }
    }

    private func rounded(_ x: Cells, on stream: StapesDevice.Stream) -> [UInt8] {
        let y = Cells(x.count, type: .float8)
        stream.convert(x.floats, count: x.count, into: y.pointer, type: .float8)
        return y.bytes
    }

    /// Rows of a checkpoint may lie at any address, in any type.
    @Test(arguments: Runner.all) func packMatchesReference(_ runner: Runner) throws {
        var generator = SeededGenerator(seed: 6)
        let stream = try runner.stream()
        let reference = try referenceStream()
        for (n, k) in [(1, 64), (15, 3), (16, 64), (17, 65), (130, 384)] {
            for (type, stored) in storedTypes.flatMap({ type in storedTypes.map { (type, $0) } }) {
                let weight = Cells(random: n * k, type: stored, using: &generator)
                let unaligned = UnsafeMutableRawPointer.allocate(byteCount: weight.bytes.count + 1, alignment: 64)
                defer { unaligned.deallocate() }
                (unaligned + 1).copyMemory(from: weight.pointer, byteCount: weight.bytes.count)
                let outputs = [reference, stream].map { stream in
                    // Stale numbers: the rows that fill the last panel must be written, as zeros.
                    let packed = Cells([Float](repeating: .nan, count: (n + 15) / 16 * 16 * k), type: type)
                    stream.launch(
                        stream.kernels.pack,
                        stapes_pack_arguments(
                            weight: unaligned + 1, packed: packed.pointer, n: Int64(n), k: Int64(k),
                            weight_type: stored.kernelType, packed_type: type.kernelType))
                    return packed.bytes
                }
                #expect(outputs[0] == outputs[1], "n \(n), k \(k), \(stored) as \(type)")
            }
        }
    }
}
