import StapesEngine
import Testing

/// Every row of the table of when graphs may be used, with its reason.
@Suite struct GraphGateTests {
    private let can = AttentionCapabilities(crossAttention: true, capturesCrossAttention: true, types: [.float32])
    private let cannot = AttentionCapabilities(crossAttention: true, capturesCrossAttention: false, types: [.float32])

    private func decide(
        _ mode: GraphMode, isWhisper: Bool = true, prefill: Bool, decode: Bool
    ) throws -> GraphDecision {
        try GraphGate.decide(
            mode: mode, isWhisper: isWhisper, prefill: ("first", prefill ? can : cannot),
            decode: ("second", decode ? can : cannot))
    }

    @Test(arguments: [GraphMode.auto, .on]) func bothBackendsCaptureGivesGraphs(mode: GraphMode) throws {
        let decision = try decide(mode, prefill: true, decode: true)
        #expect(decision.enabled && !decision.isWarning)
        #expect(decision.reason == "prefill backend 'first' and decode backend 'second' capture cross-attention")
    }

    @Test(arguments: [true, false]) func prefillBackendThatCannotIsNamedInAWarning(decode: Bool) throws {
        let decision = try decide(.auto, prefill: false, decode: decode)
        #expect(!decision.enabled && decision.isWarning)
        #expect(decision.reason == "the prefill attention backend 'first' cannot capture cross-attention")
    }

    @Test func decodeBackendThatCannotIsNamedInAWarning() throws {
        let decision = try decide(.auto, prefill: true, decode: false)
        #expect(!decision.enabled && decision.isWarning)
        #expect(decision.reason == "the decode attention backend 'second' cannot capture cross-attention")
    }

    @Test func demandedGraphsThatABackendCannotGiveAreAnError() {
        for (prefill, decode) in [(false, true), (true, false), (false, false)] {
            let error = #expect(throws: EngineError.self) { try decide(.on, prefill: prefill, decode: decode) }
            #expect(error?.code == .unavailable)
            #expect(error?.message.contains(prefill ? "'second'" : "'first'") == true)
        }
    }

    @Test(arguments: [true, false]) func otherModelsRunEagerlyWithAWarning(captures: Bool) throws {
        let decision = try decide(.auto, isWhisper: false, prefill: captures, decode: captures)
        #expect(!decision.enabled && decision.isWarning)
        #expect(decision.reason == "the model is an encoder-decoder model other than Whisper")
    }

    @Test(arguments: [true, false]) func switchedOffGivesNoWarning(captures: Bool) throws {
        let decision = try decide(.off, prefill: captures, decode: captures)
        #expect(!decision.enabled && !decision.isWarning)
        #expect(decision.reason == "switched off")
    }
}
