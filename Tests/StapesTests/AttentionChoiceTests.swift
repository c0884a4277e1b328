import Stapes
import StapesTesting
import Testing

/// What a configuration's backends allow, before and after a model is loaded.
@Suite struct AttentionChoiceTests {
    private func configuration(_ mode: GraphMode, prefill: String? = nil, decode: String? = nil, all: String? = nil)
        -> TranscriberConfiguration
    {
        TranscriberConfiguration(
            modelDirectory: TestModels.base, attentionBackend: all, prefillAttentionBackend: prefill,
            decodeAttentionBackend: decode, decodeGraph: mode, maximumBatchSize: 4)
    }

    @Test func defaultBackendsCapture() throws {
        let attention = try configuration(.auto).preview()
        #expect(attention.prefill == "cpu")
        #expect(attention.decode == "cpu")
        #expect(attention.decodeGraph.enabled)
    }

    @Test func partsFollowTheCommonBackendUnlessNamed() throws {
        let attention = try configuration(.auto, decode: "cpu", all: "reference").preview()
        #expect(attention.prefill == "reference")
        #expect(attention.decode == "cpu")
        #expect(!attention.decodeGraph.enabled)
        #expect(attention.decodeGraph.isWarning)
        #expect(attention.decodeGraph.reason.contains("prefill attention backend 'reference'"))
    }

    @Test func graphsThatAreDemandedAndImpossibleAreAnError() {
        let error = #expect(throws: StapesError.self) { try configuration(.on, decode: "reference").preview() }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("decode attention backend 'reference'") == true)
    }

    @Test func graphsThatAreOffGiveNoWarning() throws {
        let decision = try configuration(.off, all: "reference").preview().decodeGraph
        #expect(!decision.enabled)
        #expect(!decision.isWarning)
    }

    @Test func unknownBackendIsNamed() {
        let error = #expect(throws: StapesError.self) { try configuration(.auto, prefill: "fast").preview() }
        #expect(error?.code == .invalidOption)
        #expect(error?.message.contains("'fast'") == true)
    }

    @Test(.enabled(if: TestModels.hasBase), arguments: [[], [0], [4097]])
    func impossibleGraphRowsAreRefused(_ rows: [Int]) async {
        var configuration = configuration(.auto)
        configuration.decodeGraphRows = rows
        let error = await #expect(throws: StapesError.self) { try await Transcriber(configuration) }
        #expect(error?.code == .invalidOption)
    }

    @Test(.enabled(if: TestModels.hasBase)) func transcriberTellsWhatItCaptured() async throws {
        var wishes = configuration(.on)
        wishes.decodeGraphRows = [1, 3, 64]
        let description = try await Transcriber(wishes).description
        #expect(description.decodeGraph.enabled)
        #expect(description.decodeGraphRows == [1, 3])
        let eager = try await Transcriber(configuration(.auto, decode: "reference")).description
        #expect(eager.prefillAttention == "cpu")
        #expect(eager.decodeAttention == "reference")
        #expect(!eager.decodeGraph.enabled)
        #expect(eager.decodeGraphRows == [])
    }
}
