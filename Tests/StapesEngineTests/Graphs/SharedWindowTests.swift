import StapesEngine
import StapesTesting
import Testing

/// Rows that read one window side by side read its keys and values together.
@Suite struct SharedWindowTests {
    private func row(_ number: Int, block: Int32) -> AttentionRow {
        AttentionRow(tokens: 1, context: 3, pages: [Int32(number + 1)], block: block, encoderLength: 40 + Int(block))
    }

    @Test func neighboursOfOneWindowAreOneGroup() throws {
        let indices = try AttentionIndices(AttentionExtent(rows: 16, tokens: 16, pages: 28))
        let blocks: [Int32] = [5, 5, 5, 2, 5, 7, 7, 7, 7, 7, 7, 7, 7, 7]
        let plan = indices.plan(
            AttentionBatch(rows: blocks.enumerated().map { row($0.offset, block: $0.element) }, epoch: 1))
        let cross = plan.crossPart
        #expect(cross.groups == 5 && plan.selfPart.groups == blocks.count)
        let groups = (0..<cross.groups).map {
            [Int(cross.groupFirsts[$0]), Int(cross.groupCounts[$0]), Int(cross.groupRows[$0])]
        }
        // Of eight at most.
        #expect(groups == [[0, 3, 0], [3, 1, 3], [4, 1, 4], [5, 8, 5], [13, 1, 13]])
        // A graph of fourteen rows finds nothing in the groups that are left.
        for group in cross.groups..<blocks.count { #expect(cross.groupCounts[group] == 0) }
    }

    /// Fewer groups, the same bits: together, each alone, eagerly and by a graph that has rows left over.
    @Test(arguments: [Setup.float32, .bfloat16, .gpu]) func rowsSayTogetherWhatTheySayAlone(setup: Setup) throws {
        let world = try DecodeWorld(setup, rows: 4)
        let seed: UInt64 = 220
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<setup.rounds(20) {
            var batch = world.draw([0, 1, 2], using: &generator)
            for index in 1...2 {
                let own = batch[index].row
                batch[index].row = AttentionRow(
                    tokens: 1, context: own.context, pages: own.pages, block: batch[0].row.block,
                    encoderLength: batch[0].row.encoderLength)
            }
            let alone = try batch.map { try world.step([$0]).outcomes[0] }
            #expect(try world.step(batch).outcomes == alone, "by a graph, seed \(seed)")
            #expect(try world.step(batch, eagerly: true).outcomes == alone, "eagerly, seed \(seed)")
        }
    }
}
