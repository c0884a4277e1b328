import StapesDevice
import StapesTesting
import Testing

@Suite struct EncoderAttentionTests {
    /// As for the decoder's attention: sums of up to 1500 weighted values, and a total that is rescaled block by block.
    static let tolerance: Float = 2e-5

    /// Where bfloat16 is multiplied in hardware, each weight of the softmax is rounded by up to 2^-9 of itself. They sum
    /// to 1 and values lie in -1 ..< 1, so that an output is off by no more than that.
    static func tolerance(_ level: CPULevel, _ type: ScalarType) -> Float {
        level == .avx512BF16 && type == .bfloat16 ? tolerance + 0x1p-9 : tolerance
    }

    /// Whole blocks of 48 queries and 128 keys, one less, one more, and a full window.
    @Test(arguments: [1, 2, 15, 16, 17, 47, 48, 49, 127, 128, 129, 500]) func matchesReference(_ frames: Int) throws {
        var generator = SeededGenerator(seed: 40)
        let reference = try referenceStream()
        for type in computeTypes {
            for sharpness in [Float(1), 40] where frames < 500 || sharpness == 40 {
                let window = EncoderWindow(
                    frames: frames, heads: frames < 500 ? 3 : 1, type: type, sharpness: sharpness, using: &generator)
                let expected = window.attend(on: reference)
                for runner in Runner.all {
                    let worst = error(
                        window.attend(on: try runner.stream()), expected,
                        absolute: Self.tolerance(runner.level, type))
                    #expect(worst <= 1, "\(runner), \(type), sharpness \(sharpness)")
                }
            }
        }
    }

    @Test(arguments: computeTypes) func fullWindowMatchesReference(_ type: ScalarType) throws {
        var generator = SeededGenerator(seed: 41)
        let window = EncoderWindow(frames: 1500, heads: 1, type: type, sharpness: 8, using: &generator)
        let expected = window.attend(on: try referenceStream())
        for runner in Runner.levels {
            let worst = error(
                window.attend(on: try runner.stream()), expected, absolute: Self.tolerance(runner.level, type))
            #expect(worst <= 1, "\(runner)")
        }
    }

    /// Every score lies far below zero, which what pads a block scores: the output is the mean of the values.
    @Test(arguments: [1, 7, 9, 63, 65, 130], computeTypes) func paddingWeighsNothing(
        _ frames: Int, _ type: ScalarType
    ) throws {
        var generator = SeededGenerator(seed: 44)
        let window = EncoderWindow(frames: frames, heads: 1, type: type, sharpness: 1, using: &generator)
        for frame in 0..<frames {
            for column in 0..<64 {
                window.projected[frame * 192 + column] = 16
                window.projected[frame * 192 + 64 + column] = -16
            }
        }
        let expected = window.attend(on: try referenceStream())
        for runner in Runner.levels {
            let worst = error(
                window.attend(on: try runner.stream()), expected, absolute: Self.tolerance(runner.level, type))
            #expect(worst <= 1, "\(runner)")
        }
    }

    /// Several windows at once: each as the reference has it, with the bits that it has alone, and no neighbour, of whom
    /// one is not a number, is seen.
    @Test(arguments: [1, 16, 48, 70], computeTypes) func windowsDoNotSeeEachOther(
        _ frames: Int, _ type: ScalarType
    ) throws {
        var generator = SeededGenerator(seed: 45)
        let some = EncoderWindow(
            windows: 4, frames: frames, heads: 2, type: type, sharpness: 3, using: &generator)
        let rows = frames * 3 * 128
        for value in 2 * rows..<3 * rows { some.projected[value] = .nan }
        let reference = try referenceStream()
        for runner in Runner.all {
            let stream = try runner.stream()
            let together = some.attend(on: stream)
            for window in 0..<4 {
                #expect(some.part(window, of: together) == some.attend(window: window, on: stream), "\(runner)")
            }
        }
        let expected = some.attend(on: reference)
        for window in [0, 1, 3] {
            #expect(some.part(window, of: expected) == some.attend(window: window, on: reference))
        }
    }

    @Test(arguments: computeTypes) func threadsChangeNoBit(_ type: ScalarType) throws {
        var generator = SeededGenerator(seed: 42)
        for frames in [2, 49, 300] {
            let window = EncoderWindow(frames: frames, heads: 3, type: type, sharpness: 3, using: &generator)
            for level in CPULevel.available {
                let one = window.attend(on: try Runner(level: level, threads: 1).stream()).bytes
                for threads in [2, 3, 4, 7] {
                    #expect(window.attend(on: try Runner(level: level, threads: threads).stream()).bytes == one)
                }
            }
        }
    }

    /// Scratch memory is reused: what a long window left there is not seen by a short one.
    @Test func windowHasTheSameBitsAfterALongerOne() throws {
        var generator = SeededGenerator(seed: 43)
        let short = EncoderWindow(frames: 50, heads: 2, type: .float32, sharpness: 2, using: &generator)
        let long = EncoderWindow(frames: 400, heads: 2, type: .float32, sharpness: 2, using: &generator)
        long.projected.fill(0..<long.projected.count, .nan)
        for runner in Runner.levels {
            let stream = try runner.stream()
            let fresh = short.attend(on: stream).bytes
            _ = long.attend(on: stream)
            #expect(short.attend(on: stream).bytes == fresh)
        }
    }
}
