import ArgumentParser
import Stapes

/// Which model runs, where and how precisely.
struct EngineFlags: ParsableArguments {
    @OptionGroup var modelFlags: ModelFlags

    @Option(
        help: ArgumentHelp("Where to compute: cpu, auto, cuda or cuda:N. (default: cpu)", valueName: "device"),
        transform: OptionParsing.device)
    var device: DeviceSelection = .cpu

    @Option(
        help: ArgumentHelp(
            "Number format of the weights in use: auto, float32 or bfloat16. (default: auto)", valueName: "type"),
        transform: OptionParsing.computeType)
    var computeType: ComputeType = .auto

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("CPU threads; 0 lets the engine choose. (default: 0)", valueName: "count"),
        transform: { try Parsed(OptionParsing.threads($0)) })
    var threads = Parsed<Int>(nil)

    @Option(
        help: ArgumentHelp(
            "Attention kernels: cpu, or reference, which is slow and plain. (default: cpu)", valueName: "name"),
        transform: OptionParsing.attentionBackend)
    var attentionBackend: String?

    /// What the engine takes when no backend is named.
    static let defaultAttentionBackend = "cpu"
}

/// Which model, and where models are kept.
struct ModelFlags: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Model: a name (base, tiny.en, ...), a hub id (org/name) or a folder.", valueName: "model"))
    var model: String = "base"

    @Option(help: ArgumentHelp("Folder that holds the models, instead of the cache folder.", valueName: "folder"))
    var modelDir: String?
}
