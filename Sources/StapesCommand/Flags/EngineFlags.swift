import ArgumentParser
import Stapes

/// Which model runs, where and how precisely.
package struct EngineFlags: ParsableArguments {
    @OptionGroup var modelFlags: ModelFlags

    @Option(
        help: ArgumentHelp(
            """
            Where to compute: cpu; cuda or cuda:N, an NVIDIA GPU; cuda:0,cuda:1 or cuda:all, several that share the \
            work; auto, the first GPU that can be used, else the CPU. 'stapes doctor' lists them. (default: cpu)
            """, valueName: "device"),
        transform: OptionParsing.device)
    var device: DeviceSelection = .cpu

    @Option(
        help: ArgumentHelp(
            """
            Number format of weights and caches: auto, float32, float16, bfloat16, bfloat16_float16 or int16_float16 for \
            the encoder in the one and the decoder in the other, or int8 for the decoder. auto takes the fastest with the \
            error rate of float32. On a GPU there are float16 and bfloat16, and auto is float16. (default: auto)
            """, valueName: "type"),
        transform: OptionParsing.computeType)
    var computeType: ComputeType = .auto

    @Option(
        help: ArgumentHelp(
            """
            Number format of encoded windows: auto, that of the caches; or float8 (E4M3), which halves their memory and \
            what a step reads of them, at a small loss. Not with the attention backend flashinfer. (default: auto)
            """, valueName: "type"),
        transform: OptionParsing.crossKVType)
    var crossKvType: CrossKVType = .auto

    @Option(
        name: .shortAndLong, parsing: .unconditional,
        help: ArgumentHelp("CPU threads; 0 lets the engine choose. (default: 0)", valueName: "count"),
        transform: { try Parsed(OptionParsing.threads($0)) })
    var threads = Parsed<Int>(nil)

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Memory of each device for encoded windows and prompts that may come again, as 512M or 2G; 0 keeps none. (default: 64M, or one window where that is more)",
            valueName: "bytes"),
        transform: OptionParsing.byteCount)
    var cacheSize: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            """
            Windows of 30 s that are encoded together where so many wait, 1 to 16; each takes memory. (default: 1, on a \
            GPU up to 8)
            """, valueName: "count"),
        transform: OptionParsing.encoderBatchSize)
    var encoderBatchSize: Int?

    @Flag(
        help: """
            Do not start where a text could depend on the files beside it. On a GPU with cuBLASLt windows are then encoded one \
            by one.
            """)
    var deterministic = false

    @OptionGroup var attention: AttentionFlags

    package init() {}

    /// For a look before anything is begun or written.
    ///
    /// - Throws: `CommandError.Code.model` for a device that is not there.
    func checkDevice() throws(CommandError) {
        do throws(StapesError) {
            try device.check()
        } catch {
            throw CommandError(error)
        }
    }

    /// - Parameter maximumBatchSize: how many files will be in flight at once.
    package func configuration(modelDirectory: String, maximumBatchSize: Int) -> TranscriberConfiguration {
        TranscriberConfiguration(
            modelDirectory: modelDirectory, device: device, computeType: computeType, crossKVType: crossKvType,
            threads: threads.value, attentionBackend: attention.attentionBackend,
            prefillAttentionBackend: attention.prefillAttentionBackend,
            decodeAttentionBackend: attention.decodeAttentionBackend, decodeGraph: attention.mode,
            decodeGraphRows: attention.decodeGraphRows(maximumBatchSize: maximumBatchSize),
            padsDecodeGraphs: !attention.disableCudaGraphPadding, maximumBatchSize: maximumBatchSize,
            maximumEncoderBatchSize: encoderBatchSize, lookAhead: attention.lookAhead.value,
            programmaticLaunch: attention.programmaticLaunch, logMel: attention.logMel, cacheByteCount: cacheSize,
            requiresDeterminism: deterministic)
    }
}
