import CKernels
import StapesDevice
import StapesEngine
import StapesModel
import StapesTesting

/// A tiny model on its device with filled caches, its planes driven step by step without a scheduler.
///
/// Sequence `n` has the pages from `1 + 28 n` on, block `n + 1`, and a seat of its own; a fourth of the seats each has
/// no rules about stamps, those rules, a temperature, and both.
final class DecodeWorld {
    /// A sequence at the beginning of a decode step.
    struct Live {
        var row: AttentionRow
        let seat: Int32
        var state: stapes_sampling_state
    }

    /// All that a step gives for one row, bit by bit.
    struct Outcome: Hashable {
        /// A digest of their bits, as they are after the choice: masked where there was one.
        let logits: UInt64
        let token: Int
        let logProbability: UInt32
        /// Of the row's seat: last token, count, whether text was before it, last stamp.
        let state: [Int32]
    }

    static let pagesPerRow = 28
    let runner: ModelRunner
    let rows: Int
    private let seats: [Int32]
    private var epoch = 0

    /// - Parameters:
    ///   - decodeRows: rows that decode graphs are captured at; nil chooses.
    ///   - prefillTokens: the most of a prefill; nil follows from the configuration.
    init(
        _ setup: Setup = .float32, rows: Int = 8, decodeRows: [Int]? = nil, prefillTokens: Int? = nil,
        encoderWindows: Int? = nil, oneDNN: Bool = false, seed: UInt64 = 3, launchesProgrammatically: Bool = false
    ) throws {
        var configuration = TinyModel.setup(
            setup, rows: rows, graphs: GraphOptions(decodeRows: decodeRows), cacheBytes: 0,
            encoderWindows: encoderWindows)
        configuration.usesOneDNN = oneDNN
        configuration.launchesProgrammatically = launchesProgrammatically
        var limits = SchedulerLimits(configuration, model: TinyModel.configuration)
        if let prefillTokens { limits = limits.with(prefillTokens: prefillTokens) }
        let runner = try ModelRunner(
            configuration, checkpoint: .random(TinyModel.configuration, seed: 7), limits: limits)
        self.runner = runner
        self.rows = rows
        seats = (0..<rows).map { number in
            let request = TinyModel.request(window: 1, timestamps: number % 2 == 1)
            guard case .transcript(let rules, _, _) = request.purpose else { return 0 }
            let temperature: Float = number % 4 < 2 ? 0 : 0.5 + Float(number) / 10
            return runner.seats.reserve(rules, SamplingOptions(temperature: temperature, seed: UInt64(number)))
        }
        for arena in [runner.pool.selfArena, runner.pool.crossArena] { arena.fill(seed: seed) }
    }

    // MARK: Decode

    /// Sequences in the middle of their way: contexts, encoder lengths and what was sampled are drawn.
    func draw(_ numbers: [Int], using generator: inout SeededGenerator) -> [Live] {
        numbers.map { number in
            let context = Int.random(in: 1..<TinyModel.configuration.textContext, using: &generator)
            let length = Int.random(in: 1...TinyModel.configuration.audioContext, using: &generator)
            return live(number, context: context, encoderLength: length, state: state(using: &generator))
        }
    }

    func live(
        _ number: Int, context: Int, encoderLength: Int,
        state: stapes_sampling_state = stapes_sampling_state(token: 5, count: 1, follows_text: 0, last_timestamp: 0)
    ) -> Live {
        Live(
            row: row(number, tokens: 1, context: context, encoderLength: encoderLength), seat: seats[number],
            state: state)
    }

    func row(_ number: Int, tokens: Int, context: Int, encoderLength: Int) -> AttentionRow {
        let first = Int32(1 + number * Self.pagesPerRow)
        return AttentionRow(
            tokens: tokens, context: context, pages: Array(first..<first + Int32(Self.pagesPerRow)),
            block: Int32(number + 1), encoderLength: encoderLength)
    }

    private func state(using generator: inout SeededGenerator) -> stapes_sampling_state {
        let stamp = Int.random(in: 500..<1500, using: &generator)
        let isStamp = Int.random(in: 0..<3, using: &generator) == 0
        let token = isStamp ? stamp : Int.random(in: 0..<400, using: &generator)
        return stapes_sampling_state(
            token: Int32(token), count: Int32.random(in: 1...200, using: &generator),
            follows_text: Int32.random(in: 0...1, using: &generator), last_timestamp: Int32(stamp))
    }

    /// A row as padding has it: the reserved seat, page and block.
    static let padding = Live(
        row: AttentionRow(tokens: 1, context: 0, pages: [0], block: 0, encoderLength: 1), seat: 0,
        state: stapes_sampling_state())

    func step(
        _ live: [Live], eagerly: Bool = false
    ) throws -> (outcomes: [Outcome], route: DecoderPlane.Route) {
        sit(live)
        epoch += 1
        let batch = DecodeBatch(rows: live.map(\.row), seats: live.map(\.seat), epoch: epoch)
        let launched = try runner.decode.run(batch, eagerly: eagerly)
        let outcomes = live.indices.map { row in
            outcome(row, of: launched, in: runner.decode, seat: live[row].seat, logitRows: [row])
        }
        return (outcomes, launched.route)
    }

    /// Brings the seats to where the sequences are.
    func sit(_ live: [Live]) {
        for one in live { runner.seats.setState(one.state, of: one.seat) }
    }

    // MARK: Encode

    /// Encodes a window and waits for it.
    func encode(
        _ features: [Float], positions: Int, block: Int32, eagerly: Bool = false
    ) throws -> DecoderPlane.Route {
        try encode([EncoderPlane.Window(features: features, block: block)], positions: positions, eagerly: eagerly)
    }

    /// Encodes some windows together.
    func encode(
        _ windows: [EncoderPlane.Window], positions: Int, eagerly: Bool = false
    ) throws -> DecoderPlane.Route {
        let mark = try runner.encode.makeMark()
        let route = try runner.encode.run(windows, positions: positions, mark: mark, eagerly: eagerly)
        mark.wait()
        try runner.encode.check()
        return route
    }

    // MARK: Prefill

    func prompt(
        _ number: Int, tokens: [Int], context: Int, encoderLength: Int, start: Int, samples: Bool
    ) -> Prompt {
        Prompt(
            row: row(number, tokens: tokens.count, context: context, encoderLength: encoderLength), tokens: tokens,
            logitTokens: [tokens.count - 1, start], seat: samples ? seats[number] : 0)
    }

    func prefill(
        _ prompts: [Prompt], eagerly: Bool = false
    ) throws -> (outcomes: [Outcome], route: DecoderPlane.Route) {
        for prompt in prompts { runner.seats.setState(stapes_sampling_state(), of: prompt.seat) }
        epoch += 1
        let launched = try runner.prefill.run(prompts, epoch: epoch, eagerly: eagerly)
        let outcomes = prompts.indices.map { row in
            outcome(
                row, of: launched, in: runner.prefill, seat: prompts[row].seat, logitRows: [2 * row, 2 * row + 1])
        }
        return (outcomes, launched.route)
    }

    private func outcome(
        _ row: Int, of launched: DecoderPlane.Launched, in plane: DecoderPlane, seat: Int32, logitRows: [Int]
    ) -> Outcome {
        let choice = plane.choice(row: row, of: launched)
        let state = runner.seats.readState(of: seat)
        let logits = logitRows.flatMap { self.logits($0, of: launched, in: plane) }
        return Outcome(
            logits: digest(of: logits.lazy.map { UInt64($0.bitPattern) }), token: choice.token,
            logProbability: choice.logProbability.bitPattern,
            state: [state.token, state.count, state.follows_text, state.last_timestamp])
    }

    /// A row of the last step's logits.
    func logits(_ row: Int, of launched: DecoderPlane.Launched, in plane: DecoderPlane) -> [Float] {
        var values = [Float](repeating: 0, count: TinyModel.configuration.vocabularySize)
        plane.readLogits(row, of: launched, into: &values)
        return values
    }

    // MARK: What steps must not notice

    /// Page 0, block 0 and seat 0 with values that spoil whatever reads them. The seat's token alone stays a token: a
    /// padded row is fed with it.
    func poisonReserved() {
        for arena in [runner.pool.selfArena, runner.pool.crossArena] { poison(arena, page: 0) }
        var rules = stapes_sampling_rules()
        rules.temperature = .nan
        rules.timestamps = 1
        rules.suppresses_list = 1
        rules.last_timestamp = .max
        runner.stream.write(&rules, count: 1, to: runner.seats.rules)
        runner.seats.setState(
            stapes_sampling_state(
                token: Int32(TinyModel.configuration.vocabularySize - 1), count: .max, follows_text: 1,
                last_timestamp: .max), of: 0)
        let words = runner.seats.words
        runner.stream.write([UInt64](repeating: .max, count: words), count: words, to: runner.seats.suppressed)
    }

    /// NaN and huge numbers in a page's positions from `first` on.
    func poison(_ arena: KVArena, page: Int, from first: Int = 0) {
        arena.poison(page: page, from: first, keysByDimension: !runner.stream.isAsynchronous)
    }

    /// Writes what a larger batch might have left into every slot past the live entries: all of it is legal, and all
    /// of it does harm to the first live row where padding leaves it standing.
    func staleTails(of plane: DecoderPlane, first: AttentionRow, seat: Int32, live: StepSize) {
        let past = max(0, first.context - 1)
        let slot = first.pages[past / KVLayout.tilePositions] * Int32(KVLayout.tilePositions)
        for entries in plane.slots.slots {
            let from =
                switch entries.domain {
                case .token: live.tokens
                case .row: live.rows
                case .group: live.groups
                }
            for entry in from..<entries.count {
                for column in 0..<entries.width {
                    entries[entry, column] =
                        switch entries.name {
                        case "seat": seat
                        case "self write slot": slot + Int32(past % KVLayout.tilePositions)
                        case "self page table": first.pages[column]
                        case "cross page table": first.block
                        case "token ids", "positions": 77
                        case "self length", "cross length", "self group count", "cross group count": 1
                        default: 0
                        }
                }
            }
        }
    }
}

extension SchedulerLimits {
    /// The same, but for the tokens of a prefill.
    func with(prefillTokens: Int) -> SchedulerLimits {
        SchedulerLimits(
            rows: rows, selfPages: selfPages, crossBlocks: crossBlocks, prefillTokens: prefillTokens,
            textContext: textContext, audioContext: audioContext, pageBytes: pageBytes, blockBytes: blockBytes,
            cacheBytes: cacheBytes, encodingInterval: encodingInterval, encodingWindows: encodingWindows)
    }
}

extension KVArena {
    /// Small numbers everywhere, the reserved page included.
    func fill(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for page in 0..<pageCount {
            var bytes = [UInt8](repeating: 0, count: layout.bytesPerPage)
            bytes.withUnsafeMutableBytes {
                if layout.type == .float8 {
                    for offset in $0.indices { $0[offset] = referenceFloat8(of: generator.nextSignedUnit() / 2) }
                    return
                }
                for offset in stride(from: 0, to: $0.count, by: 4) {
                    let value = (generator.nextSignedUnit() / 2).bitPattern
                    $0.storeBytes(
                        of: layout.type == .float32 ? value : (value >> 16) | (value & 0xffff_0000),
                        toByteOffset: offset, as: UInt32.self)
                }
            }
            write(bytes, page: page)
        }
    }

    /// A number that another content of the page would hardly have.
    func checksum(page: Int) -> UInt64 {
        read(page: page).withUnsafeBytes { digest(of: $0.bindMemory(to: UInt64.self)) }
    }

    /// NaN and huge numbers in a page's positions from `first` on, in all layers, keys and values alike.
    ///
    /// - Parameter keysByDimension: whether keys lie dimension by dimension in a tile, as on the CPU.
    func poison(page: Int, from first: Int = 0, keysByDimension: Bool = true) {
        var bytes = read(page: page)
        let (tile, width) = (KVLayout.tilePositions, KVLayout.headWidth)
        let planes = layout.layers * 2 * layout.heads
        for plane in 0..<planes {
            let holdsKeys = plane / layout.heads % 2 == 0
            for position in first..<layout.positionsPerPage {
                let base = (plane * layout.positionsPerPage + position / tile * tile) * width
                for dimension in 0..<width {
                    let inTile = position % tile
                    let byDimension = holdsKeys && keysByDimension
                    let at = base + (byDimension ? dimension * tile + inTile : inTile * width + dimension)
                    store(dimension % 2 == 0 ? .nan : 1e30, at: at, in: &bytes)
                }
            }
        }
        write(bytes, page: page)
    }

    private func store(_ value: Float, at index: Int, in bytes: inout [UInt8]) {
        bytes.withUnsafeMutableBytes {
            switch layout.type {
            case .float32: $0.storeBytes(of: value, toByteOffset: index * 4, as: Float.self)
            case .bfloat16:
                $0.storeBytes(of: UInt16(value.bitPattern >> 16), toByteOffset: index * 2, as: UInt16.self)
            case .float16: $0.storeBytes(of: Float16(min(value, 6e4)), toByteOffset: index * 2, as: Float16.self)
            case .float8: $0[index] = referenceFloat8(of: value)
            }
        }
    }
}

/// A number that other values, or the same in another order, would hardly have.
func digest(of values: some Sequence<UInt64>) -> UInt64 {
    values.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ ($0 >> 29) ^ $1) &* 0x9e37_79b9_7f4a_7c15 }
}

/// The kernel as graphs and traces name it.
func address(_ kernel: Kernel) -> UnsafeRawPointer { kernel.address }
