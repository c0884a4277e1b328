import CKernels
import StapesDecoding
import StapesDevice
import StapesModel
import StapesTokenizer

/// What must hold of captured decode steps, looked at on the device that is there: the rules that a machine of its own
/// can break, on a model of random weights. The tests say the same of the CPU and of a stand-in for a GPU.
package final class InvariantCheck {
    /// What was found of one rule.
    package struct Finding: Sendable, Hashable {
        package let number: Int
        package let rule: String
        package let cases: Int
        /// What was wrong, in words; the first few.
        package let failures: [String]
    }

    /// How large the model is and how much is looked at.
    package struct Extent: Sendable, Hashable {
        package var audioContext = 1500
        package var rows = 16
        /// Batches of each size.
        package var rounds = 3

        package init() {}
    }

    private let extent: Extent
    private let model: ModelConfiguration
    private let special = SpecialTokens(
        endOfText: 2400, startOfTranscript: 2401, translate: 2412, transcribe: 2413, startOfLM: 2414,
        startOfPrevious: 2415, noSpeech: 2416, noTimestamps: 2499, timestampBegin: 2500, languages: 2402..<2412)
    private let runner: ModelRunner
    private let limits: SchedulerLimits
    private let seats: [Int32]
    private let keepsWindowsApart: Bool
    private var random = RandomNumbers(state: 7)
    private var epoch = 0
    private var findings: [Finding] = []

    /// - Parameter configure: adapts the configuration: device, number format, backends.
    /// - Throws: as for an engine.
    package init(_ extent: Extent = Extent(), configure: (inout EngineConfiguration) -> Void) throws {
        self.extent = extent
        model = ModelConfiguration(
            melBins: 80, audioContext: extent.audioContext, width: 128, encoderLayers: 2, encoderHeads: 2,
            decoderLayers: 2, decoderHeads: 2, feedForwardWidth: 512, vocabularySize: 4001)
        var configuration = EngineConfiguration(
            model: .random(model, seed: 3), special: special, threads: 1, usesOneDNN: false,
            graphs: GraphOptions(mode: .on), maximumRows: extent.rows, cacheBytes: 0)
        configure(&configuration)
        limits = SchedulerLimits(configuration, model: model)
        let runner = try ModelRunner(configuration, checkpoint: .random(model, seed: 3), limits: limits)
        self.runner = runner
        keepsWindowsApart = configuration.keepsWindowsApart
        seats = (0..<limits.rows).map { _ in runner.seats.reserveNeutral() }
        fill()
    }

    /// - Throws: what the device throws.
    package func run() throws(DeviceError) -> [Finding] {
        findings = []
        try replayEqualsEager()
        try paddingIsInert()
        try sameKernels()
        try planTruth()
        try crossIsWrittenOnce()
        try staleStateIsNeverSeen()
        try steadyStepsReadTokensAlone()
        try rowsAreAloneInAnyBatch()
        return findings
    }

    // MARK: The rules

    private func replayEqualsEager() throws(DeviceError) {
        var checked = Checked()
        for live in 1...limits.rows {
            for _ in 0..<extent.rounds {
                let batch = draw(live)
                let eager = try step(batch, eagerly: true)
                checked.expect(try step(batch, eagerly: false) == eager, "\(live) rows")
            }
        }
        for count in 1...limits.encodingWindows {
            let windows = drawWindows(count)
            let eager = try encode(windows, eagerly: true)
            checked.expect(try encode(windows, eagerly: false) == eager, "\(count) windows")
        }
        add(1, "replay equals eager", checked)
    }

    private func paddingIsInert() throws(DeviceError) {
        var checked = Checked()
        for live in 1...limits.rows {
            let batch = draw(live)
            let clean = try step(batch, eagerly: false)
            let reserved = [runner.pool.selfArena, runner.pool.crossArena].map { ($0, $0.read(page: 0)) }
            for (arena, bytes) in reserved { arena.write(notNumbers(bytes.count, arena.layout.type), page: 0) }
            checked.expect(try step(batch, eagerly: false) == clean, "\(live) rows")
            for (arena, bytes) in reserved { arena.write(bytes, page: 0) }
        }
        for count in 1...limits.encodingWindows {
            let arena = runner.pool.crossArena
            let others = [0] + (count + 1..<arena.pageCount)
            let before = others.map { arena.read(page: $0) }
            _ = try encode(drawWindows(count), eagerly: false)
            checked.expect(others.map { arena.read(page: $0) } == before, "\(count) windows wrote to others' blocks")
        }
        add(2, "padding never touches live rows", checked)
    }

    private func sameKernels() throws(DeviceError) {
        var checked = Checked()
        let graphs = runner.decode.graphs.kernels
        // A backend that cuts rows up as the batch wants it may launch fewer kernels eagerly.
        let isStrict = runner.decode.backend.capabilities.keepsRowsApart
        for live in [1, limits.rows] {
            let trace = CallTrace()
            runner.stream.trace = trace
            _ = try step(draw(live), eagerly: true)
            runner.stream.trace = nil
            let size = runner.decode.graphs.sizes.firstIndex { $0.rows == live }
            let captured = size.map { graphs[$0] } ?? []
            checked.expect(
                isStrict ? captured == trace.kernels : Set(trace.kernels).isSubset(of: captured),
                "\(live) rows launch other kernels")
        }
        for length in [1, 15, 16, 17, 127, 128, 129, model.audioContext - 1, model.audioContext] {
            let batch = draw(2, encoderLength: min(length, model.audioContext))
            let eager = try step(batch, eagerly: true)
            checked.expect(try step(batch, eagerly: false) == eager, "encoder length \(length)")
        }
        add(3, "capture and replay run the same kernels, at every encoder length", checked)
    }

    private func planTruth() throws(DeviceError) {
        var checked = Checked()
        for live in 1...limits.rows {
            let batch = draw(live)
            _ = try step(batch, eagerly: false)
            for slot in runner.decode.slots.slots where slot.name != "token ids" {
                var device = [Int32](repeating: 0, count: live * slot.width)
                runner.stream.read(slot.pointer, count: device.count, into: &device)
                let host = (0..<live).flatMap { entry in (0..<slot.width).map { slot[entry, $0] } }
                checked.expect(device == host, "\(slot.name), \(live) rows")
            }
            let lengths = runner.decode.slots.slots.first { $0.name == "cross length" }
            for (row, one) in batch.enumerated() {
                checked.expect(lengths.map { Int($0[row]) } == one.encoderLength, "cross length of row \(row)")
            }
        }
        add(4, "host and device index arrays agree", checked)
    }

    private func crossIsWrittenOnce() throws(DeviceError) {
        var checked = Checked()
        let arena = runner.pool.crossArena
        let features = (0..<2 * model.audioContext * model.melBins).map { _ in random.next() }
        for round in 0..<2 {
            _ = try runner.encode.runToEnd(features, positions: model.audioContext, block: 1, eagerly: round == 1)
            let written = arena.read(page: 1)
            for _ in 0..<extent.rounds { _ = try step(draw(limits.rows), eagerly: false) }
            checked.expect(arena.read(page: 1) == written, "the block changed, round \(round)")
        }
        add(5, "cross keys and values are written once", checked)
    }

    private func staleStateIsNeverSeen() throws(DeviceError) {
        var checked = Checked()
        let batch = draw(limits.rows)
        let first = try step(batch, eagerly: false)
        for round in 0..<4 * extent.rounds {
            let count = 1 + Int(random.bits()) % limits.rows
            let order = (0..<limits.rows).map { ($0 * 7 + round) % limits.rows }
            // Each row once: the numbers are a permutation where 7 and the rows have no common divisor.
            guard Set(order).count == limits.rows else { break }
            let some = Array(order.prefix(count))
            checked.expect(try step(some.map { batch[$0] }, eagerly: false) == some.map { first[$0] }, "rows \(some)")
        }
        add(6, "stale state is never seen", checked)
    }

    private func steadyStepsReadTokensAlone() throws(DeviceError) {
        var checked = Checked()
        let rows = limits.rows
        var batch = decodeBatch((0..<rows).map { row($0, context: 1, encoderLength: model.audioContext) })
        for seat in seats { runner.seats.force(11, at: seat) }
        try runner.decode.settle(runner.decode.run(batch))
        let trace = CallTrace()
        runner.stream.trace = trace
        defer { runner.stream.trace = nil }
        for context in 2..<40 {
            for row in 0..<rows { batch.attention.rows[row].context = context }
            trace.clear()
            try runner.decode.settle(runner.decode.run(batch))
            let reads = trace.calls.filter { if case .read = $0 { true } else { false } }
            let replays = trace.calls.filter { if case .replay = $0 { true } else { false } }
            let writes = trace.calls.filter { if case .write = $0 { true } else { false } }
            checked.expect(
                reads == [.read(byteCount: 8 * rows)] && replays.count == 1 && trace.kernels.isEmpty
                    && writes.count <= 1, "context \(context): \(trace.calls)")
        }
        add(11, "a steady step reads its tokens and nothing else", checked)
    }

    private func rowsAreAloneInAnyBatch() throws(DeviceError) {
        var checked = Checked()
        let windows = drawWindows(limits.encodingWindows)
        if windows.count > 1, keepsWindowsApart {
            var apart: [[UInt8]] = []
            for window in windows { apart += try encode([window], eagerly: false) }
            checked.expect(try encode(windows, eagerly: false) == apart, "windows together")
        }
        guard runner.decode.backend.capabilities.keepsRowsApart else {
            return add(12, "a row gets the same bits in any batch (not promised by this backend)", checked)
        }
        let batch = draw(limits.rows)
        var alone: [Outcome] = []
        for one in batch { alone += try step([one], eagerly: false) }
        checked.expect(try step(batch, eagerly: false) == alone, "replayed together")
        checked.expect(try step(batch, eagerly: true) == alone, "launched together")
        let reversed = try step(batch.reversed(), eagerly: false)
        checked.expect(reversed == alone.reversed(), "in another order")
        add(12, "a row gets the same bits in any batch", checked)
    }

    private func add(_ number: Int, _ rule: String, _ checked: Checked) {
        findings.append(Finding(number: number, rule: rule, cases: checked.cases, failures: checked.failures))
    }

    // MARK: Steps

    /// One sequence in the middle of its way.
    private struct Live {
        let number: Int
        let context: Int
        let encoderLength: Int
        let token: Int
    }

    /// All that a step gives for a row, bit by bit.
    private struct Outcome: Hashable {
        let token: Int
        let logProbability: UInt32
        let logits: Int
    }

    private func draw(_ count: Int, encoderLength: Int? = nil) -> [Live] {
        (0..<count).map { number in
            Live(
                number: number, context: 1 + Int(random.bits()) % (model.textContext - 1),
                encoderLength: encoderLength ?? 1 + Int(random.bits()) % model.audioContext,
                token: Int(random.bits()) % special.endOfText)
        }
    }

    private func step(_ live: [Live], eagerly: Bool) throws(DeviceError) -> [Outcome] {
        for one in live { runner.seats.force(one.token, at: seats[one.number]) }
        epoch += 1
        let batch = DecodeBatch(
            rows: live.map { row($0.number, context: $0.context, encoderLength: $0.encoderLength) },
            seats: live.map { seats[$0.number] }, epoch: epoch)
        let launched = try runner.decode.run(batch, eagerly: eagerly)
        try runner.decode.settle(launched)
        var logits = [Float](repeating: 0, count: model.vocabularySize)
        var outcomes: [Outcome] = []
        for index in live.indices {
            runner.decode.readLogits(index, of: launched, into: &logits)
            let choice = runner.decode.choice(row: index, of: launched)
            outcomes.append(
                Outcome(
                    token: choice.token, logProbability: choice.logProbability.bitPattern,
                    logits: logits.map(\.bitPattern).hashValue))
        }
        try runner.stream.check()
        return outcomes
    }

    /// Windows of full length for the first blocks.
    private func drawWindows(_ count: Int) -> [EncoderPlane.Window] {
        (1...count).map { block in
            EncoderPlane.Window(
                features: (0..<2 * model.audioContext * model.melBins).map { _ in random.next() }, block: Int32(block))
        }
    }

    /// What encoding them together leaves in their blocks.
    private func encode(_ windows: [EncoderPlane.Window], eagerly: Bool) throws(DeviceError) -> [[UInt8]] {
        _ = try runner.encode.runToEnd(windows, positions: model.audioContext, eagerly: eagerly)
        return windows.map { runner.pool.crossArena.read(page: Int($0.block)) }
    }

    private func decodeBatch(_ rows: [AttentionRow]) -> DecodeBatch {
        epoch += 1
        return DecodeBatch(rows: rows, seats: Array(seats.prefix(rows.count)), epoch: epoch)
    }

    private func row(_ number: Int, context: Int, encoderLength: Int) -> AttentionRow {
        let pages = (limits.textContext + KVLayout.tilePositions - 1) / KVLayout.tilePositions
        let first = Int32(1 + number * pages)
        return AttentionRow(
            tokens: 1, context: context, pages: Array(first..<first + Int32(pages)), block: Int32(number + 1),
            encoderLength: encoderLength)
    }

    // MARK: What the caches hold

    /// Small numbers everywhere: the same, in another order, in every page.
    private func fill() {
        for arena in [runner.pool.selfArena, runner.pool.crossArena] {
            for page in 0..<arena.pageCount {
                var bytes: [UInt8] = []
                bytes.reserveCapacity(arena.layout.bytesPerPage)
                while bytes.count < arena.layout.bytesPerPage { append(random.next(), arena.layout.type, to: &bytes) }
                arena.write(bytes, page: page)
            }
        }
    }

    private func notNumbers(_ count: Int, _ type: ScalarType) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count { append(.nan, type, to: &bytes) }
        return bytes
    }

    private func append(_ value: Float, _ type: ScalarType, to bytes: inout [UInt8]) {
        switch type {
        case .float32: withUnsafeBytes(of: value) { bytes += $0 }
        case .bfloat16: withUnsafeBytes(of: UInt16(value.bitPattern >> 16)) { bytes += $0 }
        case .float16: withUnsafeBytes(of: Float16(value)) { bytes += $0 }
        case .float8: bytes.append(referenceFloat8(of: value))
        }
    }
}

/// Cases that were looked at, and what was wrong with some.
private struct Checked {
    private static let most = 5
    private(set) var cases = 0
    private(set) var failures: [String] = []

    mutating func expect(_ holds: Bool, _ name: @autoclosure () -> String) {
        cases += 1
        if !holds, failures.count < Self.most { failures.append(name()) }
    }
}

/// Numbers of a linear congruence: the same on every machine.
private struct RandomNumbers {
    var state: UInt64

    mutating func bits() -> UInt32 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt32(truncatingIfNeeded: state >> 33)
    }

    /// Within half of zero.
    mutating func next() -> Float { Float(bits() >> 8) * 0x1p-23 - 0.5 }
}
