import StapesEngine
import StapesTesting
import Testing

/// What the slots of the captured planes hold, and the sizes graphs come in.
@Suite struct SlotTests {
    @Test func encoderLengthsAreCapturedAtTheMaximumAndPaddedWithOne() throws {
        let registry = SlotRegistry()
        _ = try AttentionIndices(rows: 4, tokens: 4, pages: 28, audioContext: 1500, registry: registry)
        let names = registry.slots.map(\.name)
        #expect(Set(names).count == names.count)
        #expect(names.contains("cross length") && names.contains("cross page table") && names.contains("self length"))
    }

    @Test func planOfACaptureNamesTheArraysOfLivePlans() throws {
        let indices = try AttentionIndices(rows: 4, tokens: 4, pages: 28)
        let captured = indices.capturePlan(.decode(rows: 4))
        let live = indices.plan(
            AttentionBatch(
                rows: [AttentionRow(tokens: 1, context: 7, pages: [1], block: 2, encoderLength: 33)], epoch: 1))
        #expect(captured.selfPart.lengths == live.selfPart.lengths)
        #expect(captured.crossPart.lengths == live.crossPart.lengths)
        #expect(captured.crossPart.pageTable == live.crossPart.pageTable)
        #expect(captured.crossPart.longest == 1500 && live.crossPart.longest == 33)
        #expect(captured.selfPart.longest == 448)
    }

    @Test func decodeBucketsCoverEveryBatch() {
        for maximum in 1...64 {
            let buckets = GraphBuckets.decodeRows(maximum: maximum)
            #expect(buckets == buckets.sorted() && Set(buckets).count == buckets.count)
            #expect(buckets.last == maximum)
        }
        #expect(GraphBuckets.decodeRows(maximum: 16) == [1, 2, 4, 8, 12, 16])
    }

    @Test func prefillBucketsHoldTheGroupsOfTheirTokens() {
        for size in GraphBuckets.prefill(maximumTokens: 512, maximumRows: 8) {
            // Rows share the tokens so that as many groups as possible stay unfilled.
            let perRow = size.tokens / size.rows
            #expect(size.groups >= min(size.tokens, size.rows * ((perRow + 7) / 8)))
            #expect(size.groups <= size.tokens)
        }
    }
}
