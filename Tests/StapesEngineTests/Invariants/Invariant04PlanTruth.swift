import StapesEngine
import StapesTesting
import Testing

/// After every plan the index arrays say what the host's rows say.
@Suite("Invariant 4: plan truth") struct Invariant04PlanTruth {
    private func rows(_ count: Int, decode: Bool, using generator: inout SeededGenerator) -> [AttentionRow] {
        var free = Array(Int32(1)...400).shuffled(using: &generator)
        return (0..<count).map { _ in
            let context = decode ? Int.random(in: 1...447, using: &generator) : 0
            let tokens = decode ? 1 : Int.random(in: 1...40, using: &generator)
            let pages = (context + tokens + 15) / 16 + Int.random(in: 0...1, using: &generator)
            defer { free.removeFirst(pages) }
            return AttentionRow(
                tokens: tokens, context: context, pages: Array(free.prefix(min(pages, 28))),
                block: Int32.random(in: 1...8, using: &generator),
                encoderLength: Int.random(in: 1...1500, using: &generator))
        }
    }

    /// What a plan says otherwise than the host.
    private func lies(_ plan: AttentionPlan, _ batch: AttentionBatch) -> [String] {
        var lies: [String] = []
        var token = 0
        if plan.tokens != batch.tokenCount { lies.append("tokens") }
        for row in batch.rows {
            for offset in 0..<row.tokens {
                let position = row.context + offset
                if Int(plan.slots[token]) != Int(row.pages[position / 16]) * 16 + position % 16 { lies.append("slot") }
                if Int(plan.selfPart.lengths[token]) != position + 1 { lies.append("self length") }
                if Int(plan.crossPart.lengths[token]) != row.encoderLength { lies.append("cross length") }
                token += 1
            }
        }
        lies += groupLies(plan.selfPart, batch, pages: batch.rows.map(\.pages)).map { "self \($0)" }
        lies += groupLies(plan.crossPart, batch, pages: batch.rows.map { [$0.block] }).map { "cross \($0)" }
        for (index, row) in batch.rows.enumerated() {
            let (own, cross) = (plan.selfPart, plan.crossPart)
            for (column, page) in row.pages.enumerated() where own.pageTable[index * own.tableStride + column] != page {
                lies.append("page")
            }
            if cross.pageTable[index * cross.tableStride] != row.block { lies.append("block") }
        }
        let longest = batch.rows.map { $0.context + $0.tokens }.max() ?? 0
        if plan.selfPart.longest != longest { lies.append("longest") }
        if plan.crossPart.longest != batch.rows.map(\.encoderLength).max() ?? 0 { lies.append("longest window") }
        return lies
    }

    /// Every token is in one group, of eight at most, with tokens of its own row only, or of rows that read the same.
    ///
    /// - Parameter pages: what each row reads.
    private func groupLies(_ part: KVPlan, _ batch: AttentionBatch, pages: [[Int32]]) -> [String] {
        let owners = batch.rows.enumerated().flatMap { [Int](repeating: $0.offset, count: $0.element.tokens) }
        var covered = 0
        var lies: [String] = []
        for group in 0..<part.groups {
            let (first, count) = (Int(part.groupFirsts[group]), Int(part.groupCounts[group]))
            if first != covered || count < 1 || count > 8 || first + count > owners.count {
                return lies + ["group \(group)"]
            }
            let read = pages[Int(part.groupRows[group])]
            if owners[first..<first + count].contains(where: { pages[$0] != read }) {
                lies.append("row of group \(group)")
            }
            covered += count
        }
        return covered == owners.count ? lies : lies + ["groups leave tokens out"]
    }

    @Test func planSaysWhatTheHostSays() throws {
        let seed: UInt64 = 80
        var generator = SeededGenerator(seed: seed)
        let prefill = try AttentionIndices(AttentionExtent(rows: 8, tokens: 512, pages: 28))
        let decode = try AttentionIndices(AttentionExtent(rows: 8, tokens: 8, pages: 28))
        for epoch in 1...300 {
            let count = Int.random(in: 1...8, using: &generator)
            let prompts = AttentionBatch(rows: rows(count, decode: false, using: &generator), epoch: -epoch)
            #expect(lies(prefill.plan(prompts), prompts) == [], "epoch \(epoch), seed \(seed)")
            let tokens = AttentionBatch(rows: rows(count, decode: true, using: &generator), epoch: epoch)
            #expect(lies(decode.plan(tokens), tokens) == [], "epoch \(epoch), seed \(seed)")
        }
    }

    @Test func plannerFedDecoderLengthsForTheCrossPartIsCaught() throws {
        var generator = SeededGenerator(seed: 81)
        let truth = AttentionBatch(rows: rows(5, decode: true, using: &generator), epoch: 1)
        let swapped = AttentionBatch(
            rows: truth.rows.map {
                AttentionRow(
                    tokens: $0.tokens, context: $0.context, pages: $0.pages, block: $0.block,
                    encoderLength: $0.context + $0.tokens)
            }, epoch: 1)
        let indices = try AttentionIndices(AttentionExtent(rows: 8, tokens: 8, pages: 28))
        let found = lies(indices.plan(swapped), truth)
        #expect(found.contains("cross length") && !found.contains("self length"))
    }

    @Test func membersArePlannedWhenTheyChangeOnly() throws {
        var generator = SeededGenerator(seed: 82)
        let indices = try AttentionIndices(AttentionExtent(rows: 8, tokens: 8, pages: 28))
        var members = (0..<4).map { number -> AttentionRow in
            let first = Int32(3 * number + 1)
            let length = Int.random(in: 1...1500, using: &generator)
            return AttentionRow(
                tokens: 1, context: 10, pages: [first, first + 1], block: Int32(number + 1), encoderLength: length)
        }
        for epoch in 1...5 {
            for step in 0..<10 {
                let rows = members.map {
                    AttentionRow(
                        tokens: 1, context: $0.context + step, pages: $0.pages, block: $0.block,
                        encoderLength: $0.encoderLength)
                }
                let batch = AttentionBatch(rows: rows, epoch: epoch)
                #expect(lies(indices.plan(batch), batch) == [])
                #expect(indices.rebuilds == epoch)
            }
            if members.count > 1 { members.removeFirst() }
            members.reverse()
        }
    }

    /// Contexts that jump about while the members stay, with prefills of another kind of step between.
    @Test func lengthsFollowTheHostBetweenRebuilds() throws {
        let seed: UInt64 = 83
        var generator = SeededGenerator(seed: seed)
        let indices = try AttentionIndices(AttentionExtent(rows: 8, tokens: 8, pages: 28))
        for epoch in 1...40 {
            let count = Int.random(in: 1...8, using: &generator)
            var batch = AttentionBatch(
                rows: (0..<count).map { number in
                    let first = Int32(1 + 28 * number)
                    return AttentionRow(
                        tokens: 1, context: 0, pages: Array(first..<first + 28), block: Int32(number + 1),
                        encoderLength: Int.random(in: 1...1500, using: &generator))
                }, epoch: epoch)
            for step in 0..<10 {
                for row in 0..<count { batch.rows[row].context = Int.random(in: 0...447, using: &generator) }
                #expect(lies(indices.plan(batch), batch) == [], "epoch \(epoch), step \(step), seed \(seed)")
            }
            #expect(indices.rebuilds == epoch)
        }
    }

    /// What the graphs really read, after a step was padded: the host's rows, then the declared padding.
    @Test(arguments: [Setup.float32, .gpu]) func slotsHoldTheHostsRowsAndThenPadding(type: Setup) throws {
        let seed: UInt64 = 84
        var generator = SeededGenerator(seed: seed)
        let world = try DecodeWorld(type)
        for live in [8, 3, 7, 1, 5, 6, 2, 4] {
            let batch = world.draw(Array((0..<8).shuffled(using: &generator).prefix(live)), using: &generator)
            guard case .graph(let size) = try world.step(batch).route else {
                Issue.record("\(live) rows were not replayed")
                continue
            }
            for slot in world.runner.decode.slots.slots {
                var values = [Int32](repeating: -1, count: size.rows * slot.width)
                // The device's copy, which on a GPU is not the host's.
                world.runner.stream.read(slot.pointer, count: values.count, into: &values)
                let found = (0..<size.rows).map { Array(values[$0 * slot.width..<($0 + 1) * slot.width]) }
                let wanted = batch.enumerated().map { Self.entry(of: slot.name, $0.offset, $0.element) }
                let padding = (live..<size.rows).map { entry in
                    let value: Int32 =
                        switch slot.name {
                        case "self length", "cross length", "self group count", "cross group count": 1
                        case "self group first", "cross group first", "self group row", "cross group row": Int32(entry)
                        default: 0
                        }
                    return Array(repeating: value, count: slot.width)
                }
                #expect(found == wanted + padding, "\(slot.name), \(live) rows of \(size.rows), seed \(seed)")
            }
        }
    }

    private static func entry(of slot: String, _ index: Int, _ live: DecodeWorld.Live) -> [Int32] {
        let row = live.row
        switch slot {
        case "token ids": return [live.state.token]
        case "positions": return [Int32(row.context)]
        case "self length": return [Int32(row.context + 1)]
        case "cross length": return [Int32(row.encoderLength)]
        case "self page table": return row.pages
        case "cross page table": return [row.block]
        case "self write slot": return [row.pages[row.context / 16] * 16 + Int32(row.context % 16)]
        case "seat": return [live.seat]
        case "self group count", "cross group count": return [1]
        case "self group first", "cross group first", "self group row", "cross group row", "logit rows":
            return [Int32(index)]
        default: return []
        }
    }
}
