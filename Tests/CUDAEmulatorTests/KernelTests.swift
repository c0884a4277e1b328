import CUDADriver
import CUDAEmulator
import Testing

extension CUDAEmulatorTests {
    /// What the emulator finds in kernels.
    @Suite struct Kernels {
        private static let orders = [
            STAPES_EMULATOR_FORWARD, STAPES_EMULATOR_REVERSE, STAPES_EMULATOR_SHUFFLED,
        ]

        /// The output of a test kernel in each order.
        private func run(
            _ name: String, threads: UInt32, sharedBytes: UInt32, wrong: Bool, count: Int, input: [Float],
            other: [Float] = [0]
        ) throws -> [[UInt32]] {
            try Self.orders.map { order in
                stapes_emulator_set_order(order, 7)
                defer { stapes_emulator_set_order(STAPES_EMULATOR_FORWARD, 0) }
                return try runOnce(
                    name, threads: threads, sharedBytes: sharedBytes, wrong: wrong, outputs: count, count: count,
                    input: input, other: other)
            }
        }

        /// - Parameter hosts: how many threads of the host share the blocks; 0 leaves it to the emulator.
        private func runOnce(
            _ name: String, blocks: UInt32 = 1, threads: UInt32, sharedBytes: UInt32, wrong: Bool = false,
            outputs: Int, count: Int, input: [Float], other: [Float] = [0], hosts: UInt32 = 0
        ) throws -> [UInt32] {
            stapes_emulator_set_host_threads(hosts)
            defer { stapes_emulator_set_host_threads(0) }
            var output = [Float](repeating: 0, count: outputs)
            let done = output.withUnsafeMutableBytes { output in
                input.withUnsafeBytes { input in
                    other.withUnsafeBytes { other in
                        var arguments = stapes_emulator_test_arguments(
                            input: input.baseAddress, other: other.baseAddress, output: output.baseAddress!,
                            count: Int64(count), value: 0, wrong: wrong ? 1 : 0)
                        let shape = stapes_cuda_shape(
                            grid: (blocks, 1, 1), threads: threads, shared_bytes: sharedBytes)
                        return stapes_emulator_run("test_" + name, shape, &arguments)
                    }
                }
            }
            if !done { throw DriverFailure(result: -1, message: String(cString: stapes_emulator_error())) }
            return output.map(\.bitPattern)
        }

        private let ramp = (0..<1024).map(Float.init)

        @Test func orderChangesTheResultWhereABarrierIsMissing() throws {
            let right = try run("neighbour", threads: 256, sharedBytes: 1024, wrong: false, count: 256, input: ramp)
            #expect(right.allSatisfy { $0 == (0..<256).map { Float($0 ^ 1).bitPattern } })
            let wrong = try run("neighbour", threads: 256, sharedBytes: 1024, wrong: true, count: 256, input: ramp)
            #expect(wrong[0] != wrong[1])
        }

        /// Of two accesses by two warps, one order has the one first, and another the other.
        @Test func orderChangesTheResultWhereABarrierIsMissingBetweenWarps() throws {
            let right = try run("across", threads: 256, sharedBytes: 1024, wrong: false, count: 256, input: ramp)
            #expect(right.allSatisfy { $0 == (0..<256).map { Float(($0 + 32) % 256).bitPattern } })
            let wrong = try run("across", threads: 256, sharedBytes: 1024, wrong: true, count: 256, input: ramp)
            #expect(wrong[0] != wrong[1])
            for warp in 0..<8 {
                let mine = 32 * warp..<32 * (warp + 1)
                #expect(wrong[0][mine] != wrong[1][mine], "warp \(warp)")
            }
        }

        /// Alone, each warp finds what it has written: others have to come in between.
        @Test func shuffledWarpsComeBetweenEachOthersAccesses() throws {
            let right = try run("scratch", threads: 256, sharedBytes: 32, wrong: false, count: 256, input: ramp)
            #expect(right.allSatisfy { $0 == (0..<256).map { Float($0 / 32).bitPattern } })
            let wrong = try run("scratch", threads: 256, sharedBytes: 32, wrong: true, count: 256, input: ramp)
            #expect(wrong[2] != wrong[0])
        }

        @Test(arguments: [UInt32(1), 2, 5]) func blocksOnThreadsOfTheHostGiveTheSameBits(hosts: UInt32) throws {
            let (blocks, threads) = (UInt32(300), UInt32(64))
            for _ in 0..<5 {
                let output = try runOnce(
                    "last_block", blocks: blocks, threads: threads, sharedBytes: 4, outputs: 4 + 300 * 64, count: 0,
                    input: ramp, hosts: hosts)
                #expect(output[0...2] == [blocks * threads, blocks * threads - 1, blocks])
                let parts = (0..<300).flatMap { block in (0..<64).map { Float($0) * Float(block) } }
                #expect(output[4...].elementsEqual(parts.map(\.bitPattern)))
                #expect(output[3] == parts.reduce(0, +).bitPattern)
            }
        }

        /// Whichever thread of the host runs it, and however many others fail after it.
        @Test(arguments: [UInt32(1), 2, 5]) func errorIsThatOfTheFirstBlockThatFails(hosts: UInt32) throws {
            for _ in 0..<20 {
                let error = #expect(throws: DriverFailure.self) {
                    try runOnce(
                        "block_fails", blocks: 40, threads: 64, sharedBytes: 0, outputs: 1, count: 21, input: ramp,
                        hosts: hosts)
                }
                #expect(
                    error?.message
                        == "stapes_cuda_test_block_fails, block (21, 0, 0), thread (7, 0, 0): cannot access address 0x10"
                )
            }
            let output = try runOnce(
                "last_block", blocks: 2, threads: 64, sharedBytes: 4, outputs: 4 + 128, count: 0, input: ramp,
                hosts: hosts)
            #expect(output[0] == 128, "a launch after it runs")
        }

        @Test func copiesArriveNoSoonerThanTheyAreWaitedFor() throws {
            let right = try run("copy", threads: 256, sharedBytes: 4096, wrong: false, count: 1024, input: ramp)
            #expect(right.allSatisfy { $0 == ramp.map(\.bitPattern) })
            let wrong = try run("copy", threads: 256, sharedBytes: 4096, wrong: true, count: 1024, input: ramp)
            #expect(wrong.allSatisfy { $0.allSatisfy { Float(bitPattern: $0).isNaN } })
        }

        @Test func errorsNameKernelBlockAndThread() throws {
            let sums = try run("sums", threads: 64, sharedBytes: 0, wrong: false, count: 64, input: ramp)
            #expect(sums.allSatisfy { $0.prefix(32).allSatisfy { $0 == Float(496).bitPattern } })
            func failure(_ name: String, sharedBytes: UInt32 = 0) -> String {
                do {
                    _ = try run(name, threads: 64, sharedBytes: sharedBytes, wrong: true, count: 64, input: ramp)
                    return "none"
                } catch { return (error as? DriverFailure)?.message ?? "\(error)" }
            }
            #expect(
                failure("sums").hasPrefix("stapes_cuda_test_sums, block (0, 0, 0), thread (31, 0, 0): __shfl_xor_sync"))
            #expect(failure("sums").contains("meets __syncwarp"))
            #expect(
                failure("ends")
                    == "stapes_cuda_test_ends, block (0, 0, 0), thread (1, 0, 0): ends while 1 threads wait at __syncthreads"
            )
            #expect(
                failure("overrun", sharedBytes: 256)
                    == "stapes_cuda_test_overrun, block (0, 0, 0): wrote behind its shared memory")
            #expect(failure("nothing") == "no kernel test_nothing")
        }

        /// 3 reads, and 4 writes, what the kernels before may still write.
        @Test func whatMayStillBeWrittenIsHiddenUntilAKernelWaits() throws {
            let ones = [Float](repeating: 1, count: 64)
            func waits(_ wrong: Int32, hidesInput: Bool) -> (output: [Float], error: String) {
                var (input, output) = (ones, ones)
                let done = input.withUnsafeMutableBytes { input in
                    output.withUnsafeMutableBytes { output in
                        let hidden = hidesInput ? input : output
                        stapes_emulator_hide(hidden.baseAddress!, hidden.count)
                        defer { stapes_emulator_hide(hidden.baseAddress!, 0) }
                        var arguments = stapes_emulator_test_arguments(
                            input: input.baseAddress, other: nil, output: output.baseAddress!, count: 64, value: 0,
                            wrong: wrong)
                        let shape = stapes_cuda_shape(grid: (2, 1, 1), threads: 32, shared_bytes: 0)
                        return stapes_emulator_run("test_waits", shape, &arguments)
                    }
                }
                #expect(input == ones, "what was hidden is there again")
                return (output, done ? "" : String(cString: stapes_emulator_error()))
            }
            for hidesInput in [true, false] {
                let right = waits(0, hidesInput: hidesInput)
                #expect(right.error.isEmpty && right.output == ones.map { $0 * 2 })
            }
            #expect(waits(3, hidesInput: true).output.allSatisfy { $0.isNaN })
            #expect(waits(4, hidesInput: false).error.contains("wrote before it waited for the kernels before"))
        }

        @Test func threadsOfAKernelWaitForTheKernelsBeforeAlike() throws {
            func failure(_ wrong: Int32) -> String {
                var values = [Float](repeating: 1, count: 40)
                let done = values.withUnsafeMutableBytes { values in
                    var arguments = stapes_emulator_test_arguments(
                        input: values.baseAddress, other: nil, output: values.baseAddress!, count: 40, value: 0,
                        wrong: wrong)
                    let shape = stapes_cuda_shape(grid: (1, 1, 1), threads: 64, shared_bytes: 0)
                    return stapes_emulator_run("test_waits", shape, &arguments)
                }
                return done ? "none" : String(cString: stapes_emulator_error())
            }
            #expect(failure(0) == "none")
            #expect(
                failure(1)
                    == "stapes_cuda_test_waits, block (0, 0, 0), thread (40, 0, 0): waited 0 times for the kernels before, others 1"
            )
            #expect(failure(2).contains("a second time"))
        }

        /// Products of small numbers are exact in any order.
        @Test func tensorCoreFragmentsLieWhereTheDeviceHasThem() throws {
            func halves(_ values: [Float]) -> [Float] {
                stride(from: 0, to: values.count, by: 2).map {
                    Float(bitPattern: UInt32(half(values[$0])) | UInt32(half(values[$0 + 1])) << 16)
                }
            }
            let a = (0..<256).map { Float($0 * 37 % 101) / 16 - 3 }
            let b = (0..<128).map { Float($0 * 53 % 97) / 8 - 5 }
            let results = try run(
                "product", threads: 32, sharedBytes: 768, wrong: false, count: 128, input: halves(a),
                other: halves(b))
            for result in results {
                for row in 0..<16 {
                    for column in 0..<8 {
                        let expected = (0..<16).reduce(Float(0)) { $0 + a[16 * row + $1] * b[16 * column + $1] }
                        #expect(Float(bitPattern: result[8 * row + column]) == expected)
                    }
                }
            }
        }

        /// Of a number that float16 holds exactly, and that is not subnormal there.
        private func half(_ value: Float) -> UInt16 {
            guard value != 0 else { return 0 }
            let bits = value.bitPattern
            return UInt16(bits >> 16 & 0x8000) | UInt16((bits & 0x7fff_ffff) >> 13 - 112 << 10)
        }

        @Test func transposedMatricesAreTransposed() throws {
            let input = (0..<128).map { Float(bitPattern: UInt32(2 * $0) | UInt32(2 * $0 + 1) << 16) }
            let results = try run(
                "transposed", threads: 32, sharedBytes: 512, wrong: false, count: 128, input: input)
            for result in results {
                let values = result.flatMap { [Int($0 & 0xffff), Int($0 >> 16)] }
                for row in 0..<8 {
                    for column in 0..<32 {
                        #expect(values[32 * row + column] == 64 * (column / 8) + 8 * (column % 8) + row)
                    }
                }
            }
        }
    }
}
