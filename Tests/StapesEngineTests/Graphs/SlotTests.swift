import StapesEngine
import StapesTesting
import Testing

/// What the slots of the captured planes hold, and the sizes graphs come in.
@Suite struct SlotTests {
    private struct Declared: Hashable {
        let name: String
        let domain: SlotDomain
        var width = 1
        let capture: SlotFill
        let padding: SlotFill

        init(_ name: String, _ domain: SlotDomain, width: Int = 1, capture: SlotFill, padding: SlotFill) {
            self.name = name
            self.domain = domain
            self.width = width
            self.capture = capture
            self.padding = padding
        }

        init(_ slot: StaticSlot) {
            self.init(
                slot.name, slot.domain, width: slot.width, capture: slot.captureFill, padding: slot.paddingFill)
        }
    }

    /// What is the same in prefill and decode: every input reads the reserved page, block and seat; a length is one
    /// position, but the model's longest where a graph is captured.
    private static let shared: Set<Declared> = [
        Declared("token ids", .token, capture: .value(0), padding: .value(0)),
        Declared("positions", .token, capture: .value(0), padding: .value(0)),
        Declared("self write slot", .token, capture: .value(0), padding: .value(0)),
        Declared("self length", .token, capture: .value(1), padding: .value(1)),
        Declared("self page table", .row, width: 28, capture: .value(0), padding: .value(0)),
        Declared("cross length", .token, capture: .value(100), padding: .value(1)),
        Declared("cross page table", .row, capture: .value(0), padding: .value(0)),
        Declared("seat", .row, capture: .value(0), padding: .value(0)),
    ]

    @Test func decodeSlotsAreDeclaredAsTheTableSays() throws {
        let groups = ["self", "cross"].flatMap { arena in
            [
                Declared(arena + " group first", .group, capture: .index, padding: .index),
                Declared(arena + " group count", .group, capture: .value(1), padding: .value(1)),
                Declared(arena + " group row", .group, capture: .index, padding: .index),
            ]
        }
        let logits = Declared("logit rows", .row, capture: .value(0), padding: .value(0))
        let slots = try DecodeWorld().runner.decode.slots.slots
        #expect(Set(slots.map(Declared.init)) == Self.shared.union(groups).union([logits]))
    }

    /// Padded tokens of a prefill belong to no group.
    @Test func prefillSlotsAreDeclaredAsTheTableSays() throws {
        let groups = ["self", "cross"].flatMap { arena in
            [
                Declared(arena + " group first", .group, capture: .index, padding: .value(0)),
                Declared(arena + " group count", .group, capture: .value(1), padding: .value(0)),
                Declared(arena + " group row", .group, capture: .value(0), padding: .value(0)),
            ]
        }
        let logits = Declared("logit rows", .row, width: 2, capture: .value(0), padding: .value(0))
        let slots = try DecodeWorld().runner.prefill.slots.slots
        #expect(Set(slots.map(Declared.init)) == Self.shared.union(groups).union([logits]))
    }

    @Test func encoderWritesToTheReservedBlockWhileItIsCaptured() throws {
        let slots = try DecodeWorld().runner.encode.slots.slots
        #expect(
            slots.map(Declared.init)
                == [Declared("cross write slot", .token, capture: .value(0), padding: .value(0))])
    }

    /// Two slots of a name would leave one of them out of the table above.
    @Test func slotIsDeclaredOnce() async {
        await #expect(processExitsWith: .failure) {
            let registry = SlotRegistry()
            for _ in 0..<2 {
                _ = try? StaticSlot(
                    "twin", domain: .row, count: 1, capture: .value(0), padding: .value(0), in: registry)
            }
        }
    }

    @Test func planOfACaptureNamesTheArraysOfLivePlans() throws {
        let indices = try AttentionIndices(AttentionExtent(rows: 4, tokens: 4, pages: 28))
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
