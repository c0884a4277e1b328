import FoundationEssentials
import StapesDevice
import StapesTesting
import Testing

/// Prints the tables of `docs/Lab.md`. It holds no expectation: what a quiet machine takes is no property of the code.
@Suite(
    .enabled(if: ProcessInfo.processInfo.environment["STAPES_TIMINGS"] == "1", "prints times with STAPES_TIMINGS=1"),
    .serialized)
struct KernelTimings {
    private static let threads = 2
    /// M x N x K: products of the encoder, of the decoder with one sequence, and of the decoder with some.
    private static let products = [
        (1500, 512, 512), (1500, 2048, 512), (1500, 512, 2048), (1, 512, 512), (1, 2048, 512), (1, 51865, 512),
        (4, 51865, 512), (8, 51865, 512), (16, 512, 512),
    ]

    /// One thing to compare: which library multiplies, and the type of weights and inputs. Outputs are float32.
    private struct Contender {
        let name: String
        let usage: Linear.Usage
        let type: ScalarType
    }

    private static let contenders =
        [
            Contender(name: "panels", usage: .fewRows, type: .float32),
            Contender(name: "oneDNN", usage: .manyRows, type: .float32),
            Contender(name: "panels bfloat16", usage: .fewRows, type: .bfloat16),
        ] + (CPULevel.hasBFloat16 ? [Contender(name: "oneDNN bfloat16", usage: .manyRows, type: .bfloat16)] : [])

    @Test func matrixProducts() throws {
        var generator = SeededGenerator(seed: 60)
        let device = try CPUDevice(kernels: #require(KernelTable(CPULevel.best)), threads: Self.threads)
        try #require(CPUDevice.hasOneDNN)
        print(Self.machine)
        print("| M x N x K | " + Self.contenders.map { "\($0.name), us" }.joined(separator: " | ") + " |")
        for (rows, outputs, inputs) in Self.products {
            let weight = Cells(random: outputs * inputs, scale: 0.1, using: &generator)
            let bias = Cells(random: outputs, using: &generator)
            let y = Cells(rows * outputs)
            let output = MatrixView(y.pointer, type: .float32, rows: rows, columns: outputs)
            let bodies = try Self.contenders.map { contender -> () throws -> Void in
                let layer = try Linear(
                    outputs: outputs, inputs: inputs, weight: weight.floats, bias: UnsafePointer(bias.floats),
                    type: contender.type, usage: contender.usage, device: device)
                let x = Cells(random: rows * inputs, type: contender.type, using: &generator)
                return {
                    let input = MatrixView(x.pointer, type: x.type, rows: rows, columns: inputs)
                    try layer.run(input, into: output, on: device.stream)
                }
            }
            let times = try Timing.medians(bodies)
            print("| \(rows) x \(outputs) x \(inputs) | " + times.map(Timing.words).joined(separator: " | ") + " |")
            withExtendedLifetime((weight, bias, y)) {}
        }
    }

    @Test func attention() throws {
        var generator = SeededGenerator(seed: 61)
        let kernels = try #require(KernelTable(CPULevel.best))
        let streams = try (1...Self.threads).map { try Stream(kernels: kernels, threads: $0) }
        print(Self.machine)
        print(
            "| attention of base, 8 heads | type | "
                + streams.map { "threads: \($0.threads), us" }.joined(separator: " | ") + " |")
        for type in computeTypes {
            let window = EncoderWindow(frames: 1500, heads: 8, type: type, sharpness: 3, using: &generator)
            let output = window.makeOutput()
            let times = try Timing.medians(streams.map { stream in { window.attend(into: output, on: stream) } })
            print("| encoder, 1500 frames | \(type) | " + times.map(Timing.words).joined(separator: " | ") + " |")
        }
        // Cross-attention reads pages of a whole window, self-attention pages of one tile.
        for (name, sequences, length, tiles) in [
            ("cross, 1 sequence of 1500", 1, 1500, 94), ("cross, 8 sequences of 1500", 8, 1500, 94),
            ("self, 8 sequences of 200", 8, 200, 1),
        ] {
            for type in computeTypes {
                let lengths = [[Int]](repeating: [length], count: sequences)
                let world = PagedWorld(tilesPerPage: tiles, heads: 8, type: type, lengths: lengths, using: &generator)
                let plan = world.plan(group: 8)
                let times = try Timing.medians(streams.map { stream in { world.attend(plan, on: stream) } })
                print("| \(name) | \(type) | " + times.map(Timing.words).joined(separator: " | ") + " |")
            }
        }
    }

    /// The processor, the kernels and how busy the machine is.
    static var machine: String {
        func lines(_ path: String) -> [Substring] {
            let data = FileManager.default.contents(atPath: path) ?? Data()
            return String(decoding: data, as: UTF8.self).split(separator: "\n")
        }
        let processor = lines("/proc/cpuinfo").first { $0.hasPrefix("model name") }?.split(separator: ":").last ?? " ?"
        let load = lines("/proc/loadavg").first?.split(separator: " ").first ?? "?"
        return
            "processor:\(processor), kernels: \(CPULevel.best.rawValue), load: \(load), median of \(Timing.rounds)"
    }
}
