import FoundationEssentials
import StapesDecoding
import StapesDevice
import StapesEngine
import StapesModel
import StapesTesting
import Testing

@Suite struct EngineFailureTests {
    let model: TinyModel

    init() throws { model = try TinyModel() }

    private func startCode(_ configuration: EngineConfiguration) async -> EngineError? {
        do throws(EngineError) {
            _ = try await Engine(configuration)
            return nil
        } catch {
            return error
        }
    }

    @Test func missingDirectoryIsAModelError() async throws {
        var configuration = model.configuration()
        configuration.model = .directory(model.directory.path + "/nowhere")
        let error = try #require(await startCode(configuration))
        #expect(error.code == .model && error.cause is ModelError)
        #expect(error.message.contains("nowhere"), "the message names the path: \(error.message)")
    }

    @Test func damagedCheckpointIsAModelError() async throws {
        try model.directory.overwrite([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], at: 0, in: "model.safetensors")
        #expect(await startCode(model.configuration())?.code == .model)
    }

    @Test(.enabled(if: !CPULevel.avx512.isAvailable)) func missingInstructionsAreUnavailable() async throws {
        var configuration = model.configuration()
        configuration.level = .avx512
        #expect(await startCode(configuration)?.code == .unavailable)
    }

    private func request(
        features: Int? = nil, positions: Int = 10, prompt: [Int] = [401, 402, 413], startIndex: Int = 0,
        steps: Int = 3
    ) -> WindowRequest {
        let rules = LogitRules(
            special: TinyModel.special, options: FilterOptions(), nonSpeechTokens: [], blankToken: 20)
        return WindowRequest(
            features: [Float](repeating: 0, count: features ?? 2 * max(positions, 0) * 16), positions: positions,
            prompt: prompt, startIndex: startIndex, purpose: .transcript(rules, stepLimit: steps))
    }

    @Test func impossibleRequestsAreInvalid() async throws {
        let engine = try await Engine(model.configuration())
        let requests: [(String, WindowRequest)] = [
            ("no prompt", request(prompt: [])), ("a long prompt", request(prompt: [Int](repeating: 1, count: 449))),
            ("no steps", request(steps: 0)), ("too many steps", request(steps: 447)),
            ("no positions", request(positions: 0)), ("negative positions", request(positions: -1)),
            ("more positions than the model has", request(positions: 101)),
        ]
        for (name, request) in requests { #expect(await engine.failure(of: request) == .invalidRequest, "\(name)") }
        #expect(await engine.failure(of: request()) == nil)
        #expect(await engine.holdings() == EngineHoldings())
    }

    /// What would be read outside the tables and buffers if it were let in.
    @Test func requestsOutsideTheModelAreInvalid() async throws {
        let engine = try await Engine(model.configuration())
        let requests: [(String, WindowRequest)] = [
            ("a token past the vocabulary", request(prompt: [401, 2001])), ("a negative token", request(prompt: [-1])),
            ("a start behind the prompt", request(startIndex: 3)), ("a start before it", request(startIndex: -1)),
            ("too few features", request(features: 2 * 10 * 16 - 1)), ("no features", request(features: 0)),
        ]
        for (name, request) in requests { #expect(await engine.failure(of: request) == .invalidRequest, "\(name)") }
        #expect(await engine.failure(of: request(prompt: [2000], startIndex: 0)) == nil)
        #expect(await engine.holdings() == EngineHoldings())
    }

    @Test func fullMailboxIsOverloaded() async throws {
        let none = try await Engine(model.configuration(mailbox: 0))
        #expect(await none.failure(of: TinyModel.mixed[1]) == .overloaded)
        #expect(await none.holdings() == EngineHoldings(), "what is urgent goes in nevertheless")

        let engine = try await Engine(model.configuration(rows: 2, mailbox: 3))
        let codes = await withTaskGroup(of: EngineError.Code?.self) { group in
            for _ in 0..<100 { group.addTask { await engine.failure(of: TinyModel.mixed[1]) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(codes.contains(.overloaded) && codes.contains(nil))
        #expect(codes.allSatisfy { $0 == nil || $0 == .overloaded })
        #expect(await engine.holdings() == EngineHoldings())
    }

    /// Requests that come one by one wait as little without end as those that come at once.
    @Test func waitingRequestsAreBoundedHoweverTheyCome() async throws {
        let engine = try await Engine(model.configuration(rows: 1, mailbox: 3))
        let long = TinyModel.request(window: 1, prompt: 3, steps: 446, endless: true)
        let codes = await withTaskGroup(of: EngineError.Code?.self) { group in
            for _ in 0..<12 {
                group.addTask { await engine.failure(of: long) }
                try? await Task.sleep(for: .milliseconds(2))
            }
            // The engine has looked into its mailbox by now, and still has one sequence to run at a time.
            let held = await engine.holdings().sequences
            #expect(held <= 4, "\(held) sequences for one row and three places to wait")
            group.cancelAll()
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(codes.contains(.overloaded))
        #expect(await engine.holdings() == EngineHoldings())
    }
}
