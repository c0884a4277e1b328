import StapesDecoding
import StapesEngine
import StapesTesting
import Testing

@Suite("Invariant 6: stale state is never seen", .timeLimit(.minutes(2))) struct Invariant06StaleState {
    @Test(arguments: [Setup.float32, .crossFloat8, .bfloat16, .int8, .gpu, .gpuBFloat16, .gpuCrossFloat8])
    func rowsGiveTheSameInLargeSmallAndPermutedBatches(type: Setup) throws {
        let world = try DecodeWorld(type)
        let seed: UInt64 = 160
        var generator = SeededGenerator(seed: seed)
        let batch = world.draw(Array(0..<8), using: &generator)
        let first = try world.step(batch).outcomes
        for round in 0..<type.rounds(40) / 2 {
            let order = (0..<8).shuffled(using: &generator).prefix(Int.random(in: 1...8, using: &generator))
            let found = try world.step(order.map { batch[$0] }).outcomes
            #expect(found == order.map { first[$0] }, "rows \(Array(order)), round \(round), seed \(seed)")
        }
    }

    @Test(arguments: [false, true], [Setup.float32, .bfloat16, .int8, .gpu])
    func requestsSayTheSameAfterLargeAndSmallBatches(looksAhead: Bool, type: Setup) async throws {
        let requests = type.requests
        let seed: UInt64 = 161
        var generator = SeededGenerator(seed: seed)
        let engine = try await Engine(TinyModel.setup(type, looksAhead: looksAhead))
        let large = try await engine.together(requests)
        #expect(Set(large.map(\.tokens)).count >= requests.count - 4, "the windows are to differ")
        for _ in 0..<type.rounds(4) {
            let few = (0..<requests.count).shuffled(using: &generator).prefix(2)
            #expect(try await engine.together(few.map { requests[$0] }) == few.map { large[$0] }, "seed \(seed)")
            let order = (0..<requests.count).shuffled(using: &generator)
            #expect(try await engine.together(order.map { requests[$0] }) == order.map { large[$0] }, "seed \(seed)")
        }
        #expect(await engine.holdings() == EngineHoldings())
    }
}
