import StapesDecoding
import StapesEngine
import StapesMetrics
import StapesTesting
import Testing

@Suite("Invariant 9: audios share nothing, the same audio its block and pages", .timeLimit(.minutes(2)))
struct Invariant09NothingSharedAcrossAudios {
    /// Forty tokens, of which two full pages come before the transcript's start; the same for every window.
    private func request(_ window: Int, _ type: Setup) -> WindowRequest {
        TinyModel.request(
            window: window, positions: type.isGPU ? 30 : 100, prompt: 40, history: 1, steps: type.isGPU ? 6 : 30)
    }

    private func fresh(_ request: WindowRequest, _ type: Setup) throws -> WindowResult? {
        let world = try LoopWorld(TinyModel.setup(type))
        let id = world.submit(request)
        world.drain()
        return world.transcript(of: id)
    }

    @Test(arguments: Setup.bothWays)
    func samePromptOfTwoAudiosSharesNeitherBlockNorPage(type: Setup, together: Bool) throws {
        let requests = (1...(type.isGPU ? 2 : 4)).map { request($0, type) }
        #expect(Set(requests.map(\.prompt)).count == 1 && Set(requests.map(\.key)).count == requests.count)
        let world = try LoopWorld(TinyModel.setup(type))
        var ids: [SequenceID] = []
        var pages: [[Int32]] = []
        var blocks: [Int32] = []
        for request in requests {
            let id = world.submit(request)
            ids.append(id)
            world.step()
            let sequence = try #require(world.loop.scheduler[id])
            pages.append(sequence.pages)
            blocks.append(try #require(sequence.block))
            if !together { world.drain() }
        }
        world.drain()
        #expect(Set(blocks).count == requests.count)
        #expect(world.metrics.value(.prefixLookups, ["result": "hit"]) == 0)
        #expect(world.metrics.value(.prefixLookups, ["result": "miss"]) == 2 * requests.count, "two pages for each")
        #expect(world.metrics.value(.windowLookups, ["result": "hit"]) == 0)
        if together { #expect(Set(pages.joined()).count == pages.joined().count, "no page has two owners") }
        for (id, request) in zip(ids, requests) { #expect(world.transcript(of: id) == (try fresh(request, type))) }
        #expect(Set(ids.compactMap { world.transcript(of: $0)?.tokens }).count > 1, "the audios are to differ")
    }

    @Test(arguments: Setup.bothWays)
    func sameAudioTwiceSharesBlockAndPages(type: Setup, together: Bool) throws {
        let world = try LoopWorld(TinyModel.setup(type))
        let first = world.submit(request(1, type))
        if together { world.step(3) } else { world.drain() }
        let second = world.submit(request(1, type))
        world.step()
        if together {
            let (left, right) = (world.loop.scheduler[first], world.loop.scheduler[second])
            #expect(left?.block != nil && left?.block == right?.block)
            #expect(left?.pages.prefix(2) == right?.pages.prefix(2), "the prompt's full pages")
            #expect(left?.pages.dropFirst(2) != right?.pages.dropFirst(2))
        }
        world.drain()
        #expect(world.metrics.replays("encoder") + world.metrics.eagerSteps("encoder") == 1)
        #expect(world.metrics.value(.windowLookups, ["result": "hit"]) == 1)
        #expect(world.metrics.value(.prefixLookups, ["result": "hit"]) == 2)
        let expected = try fresh(request(1, type), type)
        #expect(expected != nil && world.transcript(of: first) == expected && world.transcript(of: second) == expected)
    }

    @Test(arguments: [Setup.float32, .gpu]) func promptsThatPartWithinAPageShareThePagesBefore(type: Setup) throws {
        let world = try LoopWorld(TinyModel.setup(type))
        let whole = request(1, type)
        var prompt = whole.prompt
        prompt[20] = (prompt[20] + 1) % 400
        let parted = WindowRequest(
            features: whole.features, positions: whole.positions, prompt: prompt, startIndex: whole.startIndex,
            purpose: whole.purpose)
        _ = world.submit(whole)
        world.drain()
        let id = world.submit(parted)
        world.drain()
        #expect(world.metrics.value(.prefixLookups, ["result": "hit"]) == 1)
        #expect(world.transcript(of: id) == (try fresh(parted, type)))
    }

    /// Another length of the same audio is another window: its keys and values differ.
    @Test(arguments: [Setup.float32, .gpu]) func lengthIsPartOfTheWindow(type: Setup) throws {
        let world = try LoopWorld(TinyModel.setup(type))
        let features = TinyModel.features(1, positions: 100)
        let ids = [100, 50].map { positions in
            world.submit(
                WindowRequest(
                    features: features, positions: positions, prompt: request(1, type).prompt, startIndex: 37,
                    purpose: request(1, type).purpose))
        }
        world.drain()
        #expect(world.metrics.replays("encoder") + world.metrics.eagerSteps("encoder") == 2)
        #expect(world.metrics.value(.prefixLookups, ["result": "hit"]) == 0)
        #expect(world.transcript(of: ids[0])?.tokens != world.transcript(of: ids[1])?.tokens)
    }

    @Test(arguments: [Setup.float32, .gpu]) func languageAndTranscriptOfAWindowShareItsBlock(type: Setup) throws {
        let world = try LoopWorld(TinyModel.setup(type))
        let question = world.submit(TinyModel.question(window: 1, positions: request(1, type).positions))
        world.drain()
        let transcript = world.submit(request(1, type))
        world.drain()
        #expect(world.metrics.replays("encoder") + world.metrics.eagerSteps("encoder") == 1)
        #expect(world.metrics.value(.windowLookups, ["result": "hit"]) == 1)
        #expect(world.transcript(of: transcript) == (try fresh(request(1, type), type)))
        guard case .success(let outcome) = world.answer(to: question), case .languages = outcome.answer else {
            Issue.record("languages were asked for")
            return
        }
    }

    /// Through the engine's door, from many tasks at once.
    @Test(arguments: [Setup.float32, .gpu]) func manyClientsOfFewAudiosEncodeEachOnce(type: Setup) async throws {
        let metrics = MetricsRegistry()
        let engine = try await Engine(TinyModel.setup(type, looksAhead: true, metrics: metrics))
        let windows = (0..<(type.isGPU ? 6 : 24)).map { $0 % 3 + 1 }
        let results = try await engine.together(windows.map { request($0, type) })
        for (window, result) in zip(windows, results) { #expect(result == results[window - 1]) }
        for window in 1...3 { #expect(results[window - 1] == (try fresh(request(window, type), type))) }
        #expect(metrics.replays("encoder") + metrics.eagerSteps("encoder") == 3)
        #expect(metrics.value(.windowLookups, ["result": "miss"]) == 3)
    }
}
