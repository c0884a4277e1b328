import Stapes

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

        package init(prefill: String, decode: String) {
            self.prefill = prefill
            self.decode = decode
        }
    }

    package struct DecodeGraph: Encodable, Sendable, Equatable {
        package let enabled: Bool
        package let reason: String
        /// Rows that graphs were captured at; empty as long as no model is loaded.
        package let buckets: [Int]

        package init(_ decision: GraphDecision, buckets: [Int] = []) {
            enabled = decision.enabled
            reason = decision.reason
            self.buckets = buckets
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
    package let models: [ModelRow]
    /// The engine with the model that was named.
    @Nullable package var model: String?
    @Nullable package var computeType: String?
    @Nullable package var threads: Int?
    @Nullable package var kernels: String?
    @Nullable package var onednn: Bool?
    @Nullable package var lookAhead: Bool?
    @Nullable package var deterministic: Bool?
    @Nullable package var cacheBytes: Int?

    /// - Parameters:
    ///   - attention: the backends as configured.
    ///   - decodeGraph: the decision for them.
    ///   - engine: the engine that was started with them, if a model was named.
    package init(
        cpu: CPUInformation, modelCache: String, models: [ModelRow], attention: AttentionBackends,
        decodeGraph: DecodeGraph, engine: EngineFacts?
    ) {
        version = Version.current
        devices = [Device(id: "cpu", name: cpu.name, cores: cpu.coreCount)]
        instructionSets = cpu.instructionSets
        attentionBackends =
            engine.map { AttentionBackends(prefill: $0.prefillAttention, decode: $0.decodeAttention) } ?? attention
        self.decodeGraph =
            engine.map { DecodeGraph($0.decodeGraph, buckets: $0.decodeGraphRows) } ?? decodeGraph
        crossKvBytesPerWindow = engine?.crossKvBytesPerWindow
        selfKvBytesPerToken = engine?.selfKvBytesPerToken
        self.modelCache = modelCache
        self.models = models
        model = engine?.model
        computeType = engine?.computeType
        threads = engine?.threads
        kernels = engine?.kernels
        onednn = engine?.usesOneDNN
        lookAhead = engine?.looksAhead
        deterministic = engine?.isDeterministic
        cacheBytes = engine?.cacheByteCount
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
        let buckets = decodeGraph.buckets.map(String.init).joined(separator: ", ")
        let rows = buckets.isEmpty ? "" : " for \(buckets) rows"
        lines.append("decode graph       \(decodeGraph.enabled ? "on" : "off")\(rows): \(decodeGraph.reason)")
        if let lookAhead, let deterministic {
            lines.append("look-ahead         \(lookAhead ? "on" : "off")")
            lines.append("deterministic      \(deterministic ? "yes" : "no")")
        }
        if let crossKvBytesPerWindow, let selfKvBytesPerToken {
            lines.append("cross-K/V          \(crossKvBytesPerWindow) bytes a window")
            lines.append("self-K/V           \(selfKvBytesPerToken) bytes a token")
        }
        if let cacheBytes {
            lines.append("cache              up to \(ByteCount.words(cacheBytes)) of unused windows and prompts")
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
