import StapesEngine
import StapesTesting
import Testing

/// Jobs as the engine sees them: who is refused, and who goes first.
@Suite struct JobTests {
    private func request(_ window: Int, of job: Job, steps: Int = 5) -> WindowRequest {
        var request = TinyModel.request(window: window, steps: steps, endless: true)
        request.job = job
        return request
    }

    private func world(rows: Int = 1, waiting: Int) throws -> LoopWorld {
        var configuration = TinyModel.setup(rows: rows)
        configuration.maximumWaitingWindows = waiting
        return try LoopWorld(configuration)
    }

    @Test func jobThatWasLetInIsNeverRefused() throws {
        let world = try world(waiting: 2)
        let (first, second) = (Job(number: 1), Job(number: 2))
        let windows = (1...6).map { world.submit(request($0, of: first)) }
        let refused = world.submit(request(10, of: second))
        #expect(world.failure(of: refused) == .overloaded)
        #expect(world.failure(of: world.submit(request(11, of: Job()))) == .overloaded)
        world.drain()
        for id in windows { #expect(world.transcript(of: id) != nil) }
        // There is room again.
        let later = world.submit(request(10, of: second))
        world.drain()
        #expect(world.transcript(of: later) != nil)
    }

    @Test func jobThatHasEndedIsOneOfMany() throws {
        let world = try world(waiting: 1)
        let (first, second) = (Job(number: 1), Job(number: 2))
        world.submit(request(1, of: first))
        world.drain()
        world.submit(request(2, of: second))
        let more = world.submit(request(3, of: first))
        #expect(world.failure(of: more) == nil)
        var loop = world.loop
        loop.end(first)
        loop.submit(SequenceID(100), request(4, of: first)) { answer in
            guard case .failure(let error) = answer, error.code == .overloaded else {
                Issue.record("a job that has ended was let in")
                return
            }
        }
        world.drain()
        #expect(world.transcript(of: more) != nil)
    }

    @Test func mailboxDoesNotRefuseJobs() async throws {
        var configuration = TinyModel.setup(rows: 2)
        configuration.mailboxCapacity = 0
        let engine = try await Engine(configuration)
        let (one, other) = (engine.beginJob(), engine.beginJob(priority: 3))
        #expect(one != other && other.priority == 3)
        let outcomes = try await engine.run((1...8).map { request($0, of: one) })
        #expect(outcomes.count == 8)
        engine.end(one)
        engine.close()
        #expect(await engine.failure(of: request(1, of: other)) == .stopped)
    }

    @Test func lowerPriorityIsServedFirst() throws {
        let world = try world(waiting: 10)
        let low = world.submit(request(1, of: Job(number: 1, priority: 1)))
        let high = world.submit(request(2, of: Job(number: 2)))
        while world.answer(to: high) == nil, !world.loop.isIdle { world.step() }
        #expect(world.answer(to: high) != nil && world.answer(to: low) == nil)
        world.drain()
        #expect(world.answer(to: low) != nil)
    }

    /// What tokens were chosen by adds up to what the window says, and asking changes nothing.
    @Test(arguments: [
        SamplingOptions(), SamplingOptions(temperature: 0.8, seed: 5), SamplingOptions(beamSize: 4),
    ]) func logProbabilitiesOfTokensAddUp(_ sampling: SamplingOptions) throws {
        let world = try LoopWorld(TinyModel.setup())
        var asking = sampling
        asking.keepsLogProbabilities = true
        let ids = [sampling, asking].map {
            world.submit(TinyModel.request(window: 3, steps: 30, endless: true, sampling: $0))
        }
        world.drain()
        let (plain, result) = (try #require(world.transcript(of: ids[0])), try #require(world.transcript(of: ids[1])))
        #expect(plain.tokenLogProbabilities == nil && plain.tokens == result.tokens)
        #expect(plain.sumLogProbability == result.sumLogProbability)
        let each = try #require(result.tokenLogProbabilities)
        #expect(each.count == 30 && each.allSatisfy { $0 <= 0 })
        #expect(abs(each.reduce(0) { $0 + Double($1) } - result.sumLogProbability) < 1e-3)
    }
}
