import Stapes
import StapesDevice

/// What `stapes doctor` knows. Keys that no part of the engine can fill yet are null.
package struct DoctorReport: Encodable, Sendable, Equatable {
    package struct Device: Encodable, Sendable, Equatable {
        package enum Kind: String, Encodable, Sendable {
            case cpu
            case gpu
        }

        package let id: String
        package let kind: Kind
        package let name: String
        /// Of the processor; the keys below are a GPU's.
        @Nullable package var cores: Int?
        @Nullable package var memoryBytes: Int?
        @Nullable package var multiprocessors: Int?
        /// As in 9.0.
        @Nullable package var computeCapability: String?
        /// The newest CUDA that the driver knows, as in 13.0.
        @Nullable package var driverVersion: String?
        /// Why this build cannot use it.
        @Nullable package var unusable: String?

        init(_ cpu: CPUInformation) {
            id = "cpu"
            kind = .cpu
            name = cpu.name
            cores = cpu.coreCount
        }

        package init(_ gpu: CUDAProperties, driverVersion: String?, unusable: String?) {
            id = "cuda:\(gpu.ordinal)"
            kind = .gpu
            name = gpu.name
            memoryBytes = gpu.memoryByteCount
            multiprocessors = gpu.multiprocessors
            computeCapability = "\(gpu.capability.major).\(gpu.capability.minor)"
            self.driverVersion = driverVersion
            self.unusable = unusable
        }

        /// For reading.
        var text: String {
            var parts = ["\(id): \(name)"]
            if let cores { parts.append("\(cores) cores") }
            if let memoryBytes { parts.append(ByteCount.words(memoryBytes)) }
            if let multiprocessors { parts.append("\(multiprocessors) multiprocessors") }
            if let computeCapability { parts.append("compute capability \(computeCapability)") }
            if let driverVersion { parts.append("driver for CUDA \(driverVersion)") }
            return parts.joined(separator: ", ") + (unusable.map { "; not usable: \($0)" } ?? "")
        }
    }

    /// The GPUs of the machine, or why there is none.
    package struct GPUs: Sendable, Equatable {
        package let devices: [Device]
        package let reason: String?

        package init(devices: [Device] = [], reason: String?) {
            self.devices = devices
            self.reason = reason
        }

        package init(_ platform: CUDAPlatform) throws(DeviceError) {
            let version = platform.version.map { "\($0.major).\($0.minor)" }
            var devices: [Device] = []
            for ordinal in 0..<platform.deviceCount {
                let gpu = try platform.properties(of: ordinal)
                devices.append(
                    Device(gpu, driverVersion: version, unusable: platform.reasonAgainst(ordinal)))
            }
            self.init(devices: devices, reason: nil)
        }

        static func current() -> GPUs {
            do throws(DeviceError) {
                return try GPUs(CUDAPlatform())
            } catch {
                return GPUs(reason: error.message)
            }
        }
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
    /// Why there is no GPU among the devices; null where there is one.
    @Nullable package var noGpu: String?
    /// Where an engine with these flags runs, with commas between several, and why, where that was left to it.
    package let device: String
    @Nullable package var deviceReason: String?
    package let instructionSets: [String]
    package let attentionBackends: AttentionBackends
    package let decodeGraph: DecodeGraph
    @Nullable package var crossKvBytesPerWindow: Int?
    @Nullable package var selfKvBytesPerToken: Int?
    package let modelCache: String
    package let models: [ModelRow]
    package let computeType: String
    package let lookAhead: Bool
    /// Where log-mel is made: `host` or `device`.
    package let logMel: String
    /// The engine with the model that was named.
    @Nullable package var model: String?
    @Nullable package var threads: Int?
    @Nullable package var kernels: String?
    @Nullable package var onednn: Bool?
    @Nullable package var deterministic: Bool?
    /// Windows that may be encoded together on each device, and bytes for their activations.
    @Nullable package var encoderBatchSize: Int?
    @Nullable package var encoderBytes: Int?
    @Nullable package var cacheBytes: Int?

    /// - Parameters:
    ///   - preview: what an engine with the flags given would be, whatever the model.
    ///   - engine: the same with the model, if one was named.
    package init(
        cpu: CPUInformation, gpus: GPUs, modelCache: String, models: [ModelRow], preview: EnginePreview,
        engine: EngineFacts?
    ) {
        version = Version.current
        devices = [Device(cpu)] + gpus.devices
        noGpu = gpus.reason
        device = preview.devices.map(\.description).joined(separator: ",")
        deviceReason = preview.deviceReason
        instructionSets = cpu.instructionSets
        attentionBackends = AttentionBackends(prefill: preview.prefill, decode: preview.decode)
        decodeGraph = DecodeGraph(preview.decodeGraph, buckets: engine?.decodeGraphRows ?? [])
        crossKvBytesPerWindow = engine?.crossKvBytesPerWindow
        selfKvBytesPerToken = engine?.selfKvBytesPerToken
        self.modelCache = modelCache
        self.models = models
        model = engine?.model
        computeType = preview.computeType.rawValue
        threads = engine?.threads
        kernels = engine?.kernels
        onednn = engine?.usesOneDNN
        lookAhead = preview.looksAhead
        logMel = preview.logMelOnDevice ? "device" : "host"
        deterministic = engine?.isDeterministic
        encoderBatchSize = engine?.maximumEncoderBatchSize
        encoderBytes = engine?.encoderByteCount
        cacheBytes = engine?.cacheByteCount
    }

    /// For reading.
    package var text: String {
        var lines = ["stapes \(version)"]
        lines += devices.map { "device             \($0.text)" }
        if let noGpu { lines.append("GPU                none: \(noGpu)") }
        lines.append(
            "instruction sets   \(instructionSets.isEmpty ? "unknown" : instructionSets.joined(separator: " "))")
        lines.append("runs on            \(device)\(deviceReason.map { " (\($0))" } ?? ""), \(computeType)")
        if let model, let threads { lines.append("model              \(model): \(computeType), \(threads) threads") }
        if let kernels, let onednn {
            lines.append("kernels            \(kernels)\(onednn ? ", large products by oneDNN" : "")")
        }
        lines.append("attention          prefill \(attentionBackends.prefill), decode \(attentionBackends.decode)")
        let buckets = decodeGraph.buckets.map(String.init).joined(separator: ", ")
        let rows = buckets.isEmpty ? "" : " for \(buckets) rows"
        lines.append("decode graph       \(decodeGraph.enabled ? "on" : "off")\(rows): \(decodeGraph.reason)")
        lines.append("log-mel            by the \(logMel)")
        lines.append("look-ahead         \(lookAhead ? "on" : "off")")
        if let deterministic { lines.append("deterministic      \(deterministic ? "yes" : "no")") }
        if let encoderBatchSize, let encoderBytes {
            let windows = encoderBatchSize == 1 ? "one window" : "up to \(encoderBatchSize) windows"
            lines.append("encoder            \(windows) at a time, \(ByteCount.words(encoderBytes))")
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
