import FoundationEssentials
import StapesDevice
import StapesTesting
import Testing

/// Prints a table of `docs/Lab.md`: whether a row of a product has the same bits whatever rows are beside it.
@Suite(
    .enabled(if: ProcessInfo.processInfo.environment["STAPES_TIMINGS"] == "1", "prints bits with STAPES_TIMINGS=1"),
    .serialized)
struct RowBits {
    /// What the encoder does with a product.
    private enum Ending: String { case plain, gelu, accumulate }
    /// N x K: products of the encoder of base, of tiny and of large, and of the stem, which the model gives to panels.
    private static let shapes: [(Int, Int, Ending)] = [
        (1536, 512, .plain), (512, 512, .accumulate), (2048, 512, .gelu), (512, 2048, .accumulate),
        (1152, 384, .plain), (384, 384, .accumulate), (1536, 384, .gelu), (384, 1536, .accumulate),
        (3840, 1280, .plain), (1280, 1280, .accumulate), (5120, 1280, .gelu), (1280, 5120, .accumulate),
        (512, 240, .gelu), (1280, 384, .gelu), (512, 1536, .gelu),
    ]
    private static let window = 1500
    private static let counts = Array(1...64) + [100, 750, window]

    private struct Product {
        let name: String
        let usage: Linear.Usage
        /// The same with one thread and with two: a row of a product must not know.
        let devices: [CPUDevice]
    }

    @Test func rowCountsThatAgreeWithAWindow() throws {
        try #require(CPUDevice.hasOneDNN)
        func product(_ name: String, _ usage: Linear.Usage, _ level: CPULevel) throws -> Product {
            let kernels = try #require(KernelTable(level))
            return Product(
                name: name, usage: usage, devices: try [1, 2].map { try CPUDevice(kernels: kernels, threads: $0) })
        }
        let products =
            try [product("oneDNN", .manyRows, CPULevel.best)]
            + CPULevel.available.map { try product("panels, \($0.rawValue)", .fewRows, $0) }
        var generator = SeededGenerator(seed: 62)
        print(KernelTimings.machine)
        print("| N x K | ending | product | type | one thread | two threads |")
        for (outputs, inputs, ending) in Self.shapes {
            let weight = Cells(random: outputs * inputs, scale: 0.1, using: &generator)
            let bias = Cells(random: outputs, using: &generator)
            let held = Cells(random: outputs, using: &generator)
            for type in computeTypes {
                let row = Cells(random: inputs, type: type, using: &generator)
                for product in products {
                    do {
                        let layers = try product.devices.map { device in
                            let layer = try Linear(
                                outputs: outputs, inputs: inputs, weight: weight.floats,
                                bias: UnsafePointer(bias.floats), type: type, usage: product.usage, device: device)
                            return (layer, device.stream)
                        }
                        let counts = try Self.agreeingCounts(layers, row: row, held: held, ending)
                        let words = counts.map(Self.words).joined(separator: " | ")
                        print("| \(outputs) x \(inputs) | \(ending) | \(product.name) | \(type) | \(words) |")
                    } catch {
                        print("| \(outputs) x \(inputs) | \(ending) | \(product.name) | \(type) | \(error) |")
                    }
                }
            }
        }
    }

    /// The counts of rows all of which have the bits of the first of a window. The window is `row` again and again, so
    /// that each place in it must give the same.
    private static func agreeingCounts(
        _ layers: [(Linear, Stream)], row: Cells, held: Cells, _ ending: Ending
    ) throws -> [[Int]] {
        let (outputs, inputs) = (held.count, row.count)
        let x = Cells((0..<window * inputs).map { row[$0 % inputs] }, type: row.type)
        let before = Cells((0..<window * outputs).map { held[$0 % outputs] })
        let y = Cells(window * outputs)
        func run(_ rows: Int, _ layer: Linear, _ stream: Stream) throws {
            y.pointer.copyMemory(from: before.pointer, byteCount: rows * outputs * y.type.byteCount)
            try layer.run(
                MatrixView(x.pointer, type: row.type, rows: rows, columns: inputs),
                into: MatrixView(y.pointer, type: .float32, rows: rows, columns: outputs), gelu: ending == .gelu,
                accumulate: ending == .accumulate, on: stream)
        }
        try run(window, layers[0].0, layers[0].1)
        let expected = y.bytes(0..<outputs)
        return try layers.map { layer, stream in
            try counts.filter { rows in
                try run(rows, layer, stream)
                return (0..<rows).allSatisfy { y.bytes($0 * outputs..<($0 + 1) * outputs) == expected }
            }
        }
    }

    /// `1-3, 5`: runs of neighbours.
    private static func words(_ counts: [Int]) -> String {
        var runs: [(first: Int, last: Int)] = []
        for count in counts {
            if let last = runs.last?.last, last + 1 == count {
                runs[runs.count - 1].last = count
            } else {
                runs.append((count, count))
            }
        }
        return runs.isEmpty
            ? "none"
            : runs.map { $0.first == $0.last ? "\($0.first)" : "\($0.first)-\($0.last)" }.joined(separator: ", ")
    }
}
