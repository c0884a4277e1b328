import Stapes
import StapesCommand
import Testing

@Suite struct EngineFlagsTests {
    private func configuration(_ arguments: String..., batchSize: Int = 8) throws -> TranscriberConfiguration {
        try EngineFlags.parse(ArgumentRewrite.rewrite(arguments)).configuration(
            modelDirectory: "/m", maximumBatchSize: batchSize)
    }

    @Test func withoutFlagsEverythingIsLeftToTheEngine() throws {
        let configuration = try configuration()
        #expect(configuration.attentionBackend == nil)
        #expect(configuration.prefillAttentionBackend == nil)
        #expect(configuration.decodeAttentionBackend == nil)
        #expect(configuration.decodeGraph == .auto)
        #expect(configuration.decodeGraphRows == nil)
        #expect(configuration.threads == nil)
        #expect(configuration.maximumBatchSize == 8)
        #expect(configuration.lookAhead == nil)
        #expect(!configuration.programmaticLaunch)
        #expect(configuration.logMel == .auto)
        #expect(configuration.cacheByteCount == nil)
        #expect(!configuration.requiresDeterminism)
        #expect(configuration.padsDecodeGraphs)
    }

    @Test func everyFlagReachesTheConfiguration() throws {
        let configuration = try configuration(
            "--device", "cuda:1", "--compute-type", "bfloat16", "-t", "3", "--attention-backend", "reference",
            "--prefill-attention-backend", "cpu", "--decode-attention-backend", "reference", "--decode-graph", "on")
        #expect(configuration.device == .cuda(1))
        #expect(configuration.computeType == .bfloat16)
        #expect(configuration.threads == 3)
        #expect(configuration.attentionBackend == "reference")
        #expect(configuration.prefillAttentionBackend == "cpu")
        #expect(configuration.decodeAttentionBackend == "reference")
        #expect(configuration.decodeGraph == .on)
    }

    @Test func cacheSizeIsInBytesAndMayBeNothing() throws {
        #expect(try configuration("--cache-size", "512M").cacheByteCount == 512 << 20)
        #expect(try configuration("--cache_size=2G").cacheByteCount == 2 << 30)
        #expect(try configuration("--cache-size", "0").cacheByteCount == 0)
        #expect(throws: (any Error).self) { try configuration("--cache-size", "-1") }
        #expect(throws: (any Error).self) { try configuration("--cache-size", "much") }
    }

    @Test(arguments: [("auto", nil), ("on", true), ("off", false)] as [(String, Bool?)])
    func lookAheadIsAModeOfThree(_ mode: String, _ looksAhead: Bool?) throws {
        #expect(try configuration("--look-ahead", mode).lookAhead == looksAhead)
        #expect(try configuration("--look_ahead=\(mode)").lookAhead == looksAhead)
    }

    @Test(arguments: [("on", true), ("off", false)])
    func programmaticLaunchIsOnOrOff(_ mode: String, _ launches: Bool) throws {
        #expect(try configuration("--programmatic-launch", mode).programmaticLaunch == launches)
        #expect(try configuration("--programmatic_launch=\(mode)").programmaticLaunch == launches)
    }

    @Test func typeOfWindowsReachesTheConfiguration() throws {
        #expect(try configuration().crossKVType == .auto)
        #expect(try configuration("--cross-kv-type", "float8").crossKVType == .float8)
        #expect(try configuration("--cross_kv_type=float8").crossKVType == .float8)
    }

    @Test func windowsThatAreEncodedTogetherAreCounted() throws {
        #expect(try configuration().maximumEncoderBatchSize == nil)
        #expect(try configuration("--encoder-batch-size", "16").maximumEncoderBatchSize == 16)
        #expect(try configuration("--encoder_batch_size=1").maximumEncoderBatchSize == 1)
        for wrong in ["0", "17", "-1", "auto"] {
            #expect(throws: (any Error).self) { try configuration("--encoder-batch-size", wrong) }
        }
    }

    @Test func placeOfLogMelReachesTheConfiguration() throws {
        #expect(try configuration("--log-mel", "device").logMel == .device)
        #expect(try configuration("--log_mel=host").logMel == .host)
        #expect(throws: (any Error).self) { try configuration("--log-mel", "cuda") }
    }

    @Test func logMelOnTheProcessorAsADeviceIsUnavailable() throws {
        let error = #expect(throws: StapesError.self) { try configuration("--log-mel", "device").preview() }
        #expect(error?.code == .unavailable && error?.message.contains("log-mel") == true)
        #expect(try !configuration("--log-mel", "auto").preview().logMelOnDevice)
    }

    @Test func determinismIsDemandedByASwitch() throws {
        #expect(try configuration("--deterministic").requiresDeterminism)
        #expect(try configuration("--deterministic", "True").requiresDeterminism)
        #expect(try !configuration("--deterministic", "False").requiresDeterminism)
    }

    @Test func paddingOfGraphsIsSwitchedOff() throws {
        #expect(try !configuration("--disable-cuda-graph-padding").padsDecodeGraphs)
        #expect(try !configuration("--disable_cuda_graph_padding", "True").padsDecodeGraphs)
        #expect(try configuration("--disable_cuda_graph_padding", "False").padsDecodeGraphs)
    }

    @Test func disabledGraphsAreOff() throws {
        #expect(try configuration("--disable-cuda-graph").decodeGraph == .off)
    }

    @Test func whispersFullPrecisionIsFloat32() throws {
        #expect(try configuration("--fp16", "False").computeType == .float32)
        #expect(try configuration("--fp16", "True").computeType == .auto)
    }

    @Test func largestGraphLimitsTheUsualRowsAndTheNamedOnes() throws {
        #expect(try configuration("--cuda-graph-max-bs", "6").decodeGraphRows == [1, 2, 4, 6])
        #expect(try configuration("--cuda-graph-max-bs", "64", batchSize: 3).decodeGraphRows == [1, 2, 3])
        #expect(try configuration("--cuda-graph-bs", "3,1").decodeGraphRows == [1, 3])
        #expect(try configuration("--cuda-graph-bs", "1,3,8", "--cuda-graph-max-bs", "4").decodeGraphRows == [1, 3])
    }
}
