import ArgumentParser
import Stapes
import StapesEngine

/// Attention backends, decode graphs and where features are made. The names are those of the large language model servers.
struct AttentionFlags: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            Attention kernels: on the CPU cpu, or reference, which is slow and plain; on a GPU \
            \(BackendChoice.choices(onGPU: true).map(\.rawValue).joined(separator: " or ")). \
            (default: cpu, on a GPU native)
            """,
            valueName: "name"),
        transform: OptionParsing.attentionBackend)
    var attentionBackend: String?

    @Option(
        help: ArgumentHelp(
            "Attention kernels of encoder and prompts. (default: as --attention-backend)", valueName: "name"),
        transform: OptionParsing.attentionBackend)
    var prefillAttentionBackend: String?

    @Option(
        help: ArgumentHelp("Attention kernels of decode steps. (default: as --attention-backend)", valueName: "name"),
        transform: OptionParsing.attentionBackend)
    var decodeAttentionBackend: String?

    @Option(
        help: ArgumentHelp(
            "Replay captured decode steps: auto where the backends can, on or do not start, off. (default: auto)",
            valueName: "mode"),
        transform: OptionParsing.graphMode)
    var decodeGraph: GraphMode?

    @Flag(help: "Short for --decode-graph off.")
    var disableCudaGraph = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Capture no decode graph for more rows than this. (default: the batch size)", valueName: "count"),
        transform: OptionParsing.batchSize)
    var cudaGraphMaxBs: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Rows that decode graphs are captured at, separated by commas. (default: steps up to the batch size)",
            valueName: "counts"),
        transform: OptionParsing.graphRows)
    var cudaGraphBs: [Int]?

    @Flag(help: "Replay only steps of just a captured size, and pad none to it.")
    var disableCudaGraphPadding = false

    @Option(
        help: ArgumentHelp(
            "Launch a decode step before the last one's tokens are looked at: auto, on or off. (default: auto, which is on with a GPU)",
            valueName: "mode"),
        transform: { try Parsed(OptionParsing.lookAhead($0)) })
    var lookAhead = Parsed<Bool>(nil)

    @Option(
        help: ArgumentHelp(
            "On a GPU, let a kernel of a decode step begin while the kernel before it ends: on or off. (default: off)",
            valueName: "mode"),
        transform: OptionParsing.programmaticLaunch)
    var programmaticLaunch = false

    @Option(
        help: ArgumentHelp(
            "Where log-mel is made: auto, host, or device, which is a GPU in its encoder step. (default: auto, which is device with a GPU)",
            valueName: "where"),
        transform: OptionParsing.logMel)
    var logMel: LogMelPlace = .auto

    var mode: GraphMode { disableCudaGraph ? .off : decodeGraph ?? .auto }

    func validate() throws {
        if disableCudaGraph, let decodeGraph, decodeGraph != .off {
            throw ValidationError("--disable-cuda-graph and --decode-graph \(decodeGraph.rawValue) exclude each other")
        }
        if let cudaGraphBs, let cudaGraphMaxBs, cudaGraphBs.allSatisfy({ $0 > cudaGraphMaxBs }) {
            throw ValidationError("--cuda-graph-bs has no number up to --cuda-graph-max-bs \(cudaGraphMaxBs)")
        }
    }

    /// Rows to capture at; nil leaves the choice to the engine.
    func decodeGraphRows(maximumBatchSize: Int) -> [Int]? {
        guard let limit = cudaGraphMaxBs else { return cudaGraphBs }
        return cudaGraphBs?.filter { $0 <= limit }
            ?? GraphBuckets.decodeRows(maximum: min(limit, maximumBatchSize))
    }
}
