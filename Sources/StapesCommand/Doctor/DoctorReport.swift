import StapesHub

/// What `stapes doctor` knows. Keys that no part of the engine can fill yet are null.
package struct DoctorReport: Encodable, Sendable, Equatable {
    package struct Device: Encodable, Sendable, Equatable {
        package let id: String
        package let name: String
        package let cores: Int
    }

    package struct AttentionBackends: Encodable, Sendable, Equatable {
        package let prefill: String
        package let decode: String
    }

    package struct DecodeGraph: Encodable, Sendable, Equatable {
        package let enabled: Bool
        @Nullable package var reason: String?
        package let buckets: [Int]
    }

    package struct Model: Encodable, Sendable, Equatable {
        package let name: String
        package let path: String
        /// Nil when there are no weights.
        @Nullable package var format: String?
        package let bytes: Int
        package let complete: Bool

        package init(_ model: InstalledModel) {
            self.init(
                name: model.name, path: model.path, format: model.format?.rawValue, bytes: model.byteCount,
                complete: model.isComplete)
        }

        package init(name: String, path: String, format: String?, bytes: Int, complete: Bool) {
            self.name = name
            self.path = path
            self.format = format
            self.bytes = bytes
            self.complete = complete
        }
    }

    package let version: String
    package let devices: [Device]
    package let instructionSets: [String]
    package let attentionBackends: AttentionBackends
    package let decodeGraph: DecodeGraph
    @Nullable package var crossKvBytesPerWindow: Int?
    @Nullable package var selfKvBytesPerToken: Int?
    package let modelCache: String
    package let models: [Model]
    /// The engine with the model that was named.
    @Nullable package var model: String?
    @Nullable package var computeType: String?
    @Nullable package var threads: Int?
    @Nullable package var kernels: String?
    @Nullable package var onednn: Bool?

    package init(cpu: CPUInformation, modelCache: String, models: [Model], engine: EngineFacts?) {
        version = Version.current
        devices = [Device(id: "cpu", name: cpu.name, cores: cpu.coreCount)]
        instructionSets = cpu.instructionSets
        attentionBackends = AttentionBackends(
            prefill: engine?.prefillAttention ?? EngineFlags.defaultAttentionBackend,
            decode: engine?.decodeAttention ?? EngineFlags.defaultAttentionBackend)
        decodeGraph = DecodeGraph(enabled: false, reason: "the cpu runs each decode step directly", buckets: [])
        crossKvBytesPerWindow = engine?.crossKvBytesPerWindow
        selfKvBytesPerToken = engine?.selfKvBytesPerToken
        self.modelCache = modelCache
        self.models = models
        model = engine?.model
        computeType = engine?.computeType
        threads = engine?.threads
        kernels = engine?.kernels
        onednn = engine?.usesOneDNN
    }

    /// For reading.
    package var text: String {
        var lines = ["stapes \(version)"]
        lines += devices.map { "device             \($0.id): \($0.name), \($0.cores) cores" }
        lines.append(
            "instruction sets   \(instructionSets.isEmpty ? "unknown" : instructionSets.joined(separator: " "))")
        if let model, let computeType, let threads {
            lines.append("model              \(model): \(computeType), \(threads) threads")
        }
        if let kernels, let onednn {
            lines.append("kernels            \(kernels)\(onednn ? ", large products by oneDNN" : "")")
        }
        lines.append("attention          prefill \(attentionBackends.prefill), decode \(attentionBackends.decode)")
        if let crossKvBytesPerWindow, let selfKvBytesPerToken {
            lines.append("cross-K/V          \(crossKvBytesPerWindow) bytes a window")
            lines.append("self-K/V           \(selfKvBytesPerToken) bytes a token")
        }
        lines.append("model cache        \(modelCache)")
        if models.isEmpty {
            lines.append("models             none")
        } else {
            lines += models.map {
                "models             \($0.name) in \($0.path)" + ($0.complete ? "" : ", incomplete")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
