import StapesDevice
import StapesEngine
import StapesModel
import StapesTesting

/// A tiny model's decode plane with filled caches, driven step by step without a scheduler.
final class DecodeWorld {
    static let rows = 8
    let runner: ModelRunner
    private let directory: TemporaryDirectory
    private let pagesPerRow = 28

    init(computeType: ComputeType = .float32, threads: Int = 2) throws {
        directory = try TemporaryDirectory()
        try RandomCheckpoint(configuration: TinyModel.configuration, seed: 7).write(to: directory.path)
        var configuration = EngineConfiguration(
            model: .directory(directory.path), special: TinyModel.special, computeType: computeType, threads: threads,
            maximumRows: Self.rows)
        configuration.usesOneDNN = false
        let checkpoint = try Checkpoint(directory: directory.path)
        runner = try ModelRunner(
            configuration, checkpoint: checkpoint,
            limits: SchedulerLimits(configuration, model: checkpoint.configuration))
        for arena in [runner.pool.selfArena, runner.pool.crossArena] { fill(arena) }
    }

    /// Live numbers of a small size everywhere, the reserved page or block included.
    private func fill(_ arena: KVArena) {
        var generator = SeededGenerator(seed: 3)
        let contents = arena.contents
        for offset in stride(from: 0, to: contents.count, by: 4) {
            let value = Float.random(in: -0.5...0.5, using: &generator)
            contents.storeBytes(
                of: arena.layout.type == .float32
                    ? value.bitPattern : (value.bitPattern >> 16) | (value.bitPattern & 0xffff_0000),
                toByteOffset: offset, as: UInt32.self)
        }
    }

    /// Overwrites page 0 and block 0 with values that spoil whatever reads them.
    func poisonReserved() {
        for arena in [runner.pool.selfArena, runner.pool.crossArena] {
            for offset in stride(from: 0, to: arena.layout.bytesPerPage, by: 4) {
                let value: Float = offset % 8 == 0 ? .nan : 1e30
                arena.contents.storeBytes(of: value.bitPattern, toByteOffset: offset, as: UInt32.self)
            }
        }
    }

    /// A decode entry of sequence `number`, whose pages and block are its own.
    func entry(_ number: Int, token: Int, context: Int, encoderLength: Int) -> DecoderPlane.Entry {
        let first = Int32(1 + number * pagesPerRow)
        return DecoderPlane.Entry(
            row: AttentionRow(
                tokens: 1, context: context, pages: Array(first..<first + Int32(pagesPerRow)),
                block: Int32(number + 1), encoderLength: encoderLength),
            tokens: [token], logitTokens: [0])
    }

    func entries(_ numbers: [Int], using generator: inout SeededGenerator) -> [DecoderPlane.Entry] {
        numbers.map {
            entry(
                $0, token: Int.random(in: 0..<TinyModel.special.endOfText, using: &generator),
                context: Int.random(in: 0...200, using: &generator),
                encoderLength: Int.random(in: 1...TinyModel.configuration.audioContext, using: &generator))
        }
    }

    private var epoch = 0

    /// The bits of every live row's logits, and how the step was run.
    func step(_ entries: [DecoderPlane.Entry], eagerly: Bool) throws -> (bits: [[UInt32]], route: DecoderPlane.Route) {
        epoch += 1
        let (logits, route) = try runner.decode.run(entries, epoch: epoch, eagerly: eagerly)
        return (entries.indices.map { logits.row($0).map(\.bitPattern) }, route)
    }
}
