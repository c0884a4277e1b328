import StapesEngine
import StapesMetrics
import StapesTesting
import Testing

/// Why a step was replayed or not, as the counters say it.
@Suite struct RouteTests {
    private func decodeSteps(_ graphs: GraphOptions, rows: Int) throws -> [String: Int] {
        let world = try LoopWorld(TinyModel.setup(rows: 4, graphs: graphs))
        let ids = world.submit((0..<rows).map { TinyModel.request(window: $0, steps: 300, endless: true) })
        while ids.contains(where: { world.state(of: $0) != .decoding }) { world.step() }
        func counts() -> [String: Int] {
            var counts = ["replayed": world.metrics.replays("decode")]
            for reason in EagerReason.allCases {
                counts[reason.rawValue] = world.metrics.value(
                    .eagerSteps, ["plane": "decode", "reason": reason.rawValue])
            }
            return counts
        }
        let before = counts()
        world.step(10)
        return counts().merging(before) { $0 - $1 }.filter { $0.value != 0 }
    }

    @Test func stepWithAGraphIsReplayed() throws {
        #expect(try decodeSteps(GraphOptions(), rows: 3) == ["replayed": 10])
        #expect(try decodeSteps(GraphOptions(decodeRows: [3], pads: false), rows: 3) == ["replayed": 10])
    }

    @Test func stepWithoutOneSaysWhy() throws {
        #expect(try decodeSteps(GraphOptions(mode: .off), rows: 2) == ["graphs_off": 10])
        #expect(try decodeSteps(GraphOptions(decodeRows: [1, 2]), rows: 3) == ["no_graph_has_room": 10])
        #expect(try decodeSteps(GraphOptions(decodeRows: [4], pads: false), rows: 3) == ["padding_off": 10])
    }

    @Test func shortWindowIsEncodedEagerly() throws {
        let world = try LoopWorld(TinyModel.setup())
        _ = world.submit([TinyModel.request(window: 1), TinyModel.request(window: 1, positions: 99)])
        world.drain()
        #expect(world.metrics.replays("encoder") == 1)
        #expect(world.metrics.value(.eagerSteps, ["plane": "encoder", "reason": "no_graph_has_room"]) == 1)
    }
}
