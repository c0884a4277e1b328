import FoundationEssentials
import Stapes
import StapesCommand
import StapesDevice
import StapesHub
import StapesModel
import Testing

@Suite struct DoctorTests {
    private let cpu = CPUInformation(
        cpuinfo: """
            processor\t: 0
            model name\t: Some CPU 9000
            flags\t\t: fpu sse4_2 avx2 avx512f fma

            processor\t: 1
            model name\t: Other
            flags\t\t: fpu
            """, coreCount: 2)

    @Test func cpuinfoOfTheFirstCoreIsRead() {
        #expect(cpu.name == "Some CPU 9000")
        #expect(cpu.instructionSets == ["sse4_2", "avx2", "fma", "avx512f"])
    }

    @Test func armFeaturesAreRead() {
        let arm = CPUInformation(cpuinfo: "Features\t: fp asimd i8mm bf16\n", coreCount: 4)
        #expect(arm.instructionSets == ["asimd", "i8mm", "bf16"])
        #expect(arm.name == "unknown processor")
    }

    @Test func withoutAModelWhatOnlyAnEngineKnowsIsNull() throws {
        let object = try json(report(models: [], engine: nil))
        for key in [
            "cross_kv_bytes_per_window", "self_kv_bytes_per_token", "kernels", "deterministic", "cache_bytes",
            "encoder_batch_size", "encoder_bytes",
        ] {
            #expect(object[key] == .null, "\(key)")
        }
        let text = report(models: [], engine: nil).text
        for word in ["deterministic", "unused windows"] { #expect(!text.contains(word), "\(word)") }
        #expect(object["attention_backends"] == .object(["prefill": .string("a"), "decode": .string("b")]))
        #expect(object["instruction_sets"]?.array?.count == 4)
        #expect(object["devices"]?.array?.count == 1)
        #expect(object["compute_type"] == .string("float32") && object["look_ahead"] == .bool(true))
        #expect(
            object["decode_graph"]?.object == [
                "enabled": .bool(true), "reason": .string("they can"), "buckets": .array([]),
            ])
        #expect(object["models"] == .array([]))
        #expect(object["version"] == .string(Version.current))
    }

    @Test func withAModelTheEnginesNumbersAreThere() throws {
        let model = ModelRow(name: "base", path: "/cache/base", format: nil, bytes: 5, missing: ["weights"])
        let report = report(models: [model], engine: FakeEngine([:]).facts)
        let object = try json(report)
        #expect(object["cross_kv_bytes_per_window"] == .number(100))
        #expect(object["self_kv_bytes_per_token"] == .number(10))
        #expect(object["attention_backends"] == .object(["prefill": .string("a"), "decode": .string("b")]))
        #expect(
            object["decode_graph"]?.object == [
                "enabled": .bool(true), "reason": .string("they can"), "buckets": .array([.number(1), .number(2)]),
            ])
        #expect(object["look_ahead"] == .bool(true) && object["log_mel"] == .string("host"))
        #expect(object["deterministic"] == .bool(false))
        #expect(object["cache_bytes"] == .number(64e6))
        #expect(object["encoder_batch_size"] == .number(8) && object["encoder_bytes"] == .number(80e6))
        #expect(report.text.contains("\nencoder            up to 8 windows at a time, 80.0 MB\n"))
        #expect(report.text.contains("decode graph       on for 1, 2 rows: they can\n"))
        #expect(
            report.text.contains("\nlog-mel            by the host\nlook-ahead         on\ndeterministic      no\n"))
        #expect(report.text.contains("\ncache              up to 64.0 MB of unused windows and prompts\n"))
        #expect(report.text.contains("models             base in /cache/base, incomplete\n"))
    }

    /// Of the published shapes, in a fraction of a second: no weights are loaded, and none are there.
    @Test(arguments: [
        ("large-v3", "bfloat16", 245_760_000, 163_840), ("large-v3", "float32", 491_520_000, 327_680),
        ("turbo", "bfloat16", 30_720_000, 20_480), ("tiny.en", "float32", 18_432_000, 12_288),
        ("tiny.en", "int8", 9_216_000, 6144),
    ])
    func bytesOfAPublishedShapeArePrinted(name: String, computeType: String, window: Int, token: Int) async throws {
        let process = try await StapesProcess.run(
            ["doctor", "--random-weights", name, "--compute-type", computeType, "--json"],
            environment: ["STAPES_CACHE": "/dev/null/none"])
        try #require(process.status == 0, "\(process.messages)")
        let object = try JSONDecoder().decode([String: AnyJSON].self, from: Data(process.output.utf8))
        #expect(object["cross_kv_bytes_per_window"] == .number(Double(window)))
        #expect(object["self_kv_bytes_per_token"] == .number(Double(token)))
        #expect(object["compute_type"] == .string(computeType))
        #expect(object["model"] == .string(name))
    }

    @Test func flagsOfTheEngineShowInItsDescription() async throws {
        let plain = try await StapesProcess.run(["doctor", "--random-weights", "tiny"], environment: noModels)
        #expect(plain.output.contains("\nlook-ahead         off\ndeterministic      yes\n"))
        #expect(plain.output.contains("\ncache              up to 67.1 MB of unused windows and prompts\n"))
        #expect(plain.output.contains("\nencoder            one window at a time, "))
        let flags = ["--look-ahead", "on", "--cache-size", "3M", "--deterministic"]
        let asked = try await StapesProcess.run(
            ["doctor", "--random-weights", "tiny", "--json"] + flags, environment: noModels)
        try #require(asked.status == 0, "\(asked.messages)")
        let object = try JSONDecoder().decode([String: AnyJSON].self, from: Data(asked.output.utf8))
        #expect(object["look_ahead"] == .bool(true))
        #expect(object["deterministic"] == .bool(true))
        #expect(object["cache_bytes"] == .number(Double(3 << 20)))
        #expect(object["decode_graph"]?.object?["buckets"] == .array([.number(1), .number(2), .number(4)]))
    }

    /// A window of the largest model is more than 64 MiB.
    @Test func cacheHoldsAWindowUnlessToldOtherwise() async throws {
        let process = try await StapesProcess.run(
            ["doctor", "--random-weights", "large-v3", "--json"], environment: noModels)
        let object = try JSONDecoder().decode([String: AnyJSON].self, from: Data(process.output.utf8))
        guard case .number(let bytes) = object["cache_bytes"] else {
            Issue.record("no number of bytes: \(process.output)")
            return
        }
        // In two bytes a number. A page of the arena is whole tiles of 16 positions: 1504 for a window of 1500.
        #expect(bytes >= 245_760_000 / 1500 * 1504)
    }

    @Test func gpusAreListedBesideTheProcessor() throws {
        let old = CUDAProperties(
            ordinal: 1, name: "Old GPU", memoryByteCount: 8_000_000_000, multiprocessors: 20, capability: (7, 5))
        let new = CUDAProperties(
            ordinal: 0, name: "New GPU", memoryByteCount: 80_000_000_000, multiprocessors: 132, capability: (9, 0))
        let gpus = DoctorReport.GPUs(
            devices: [
                .init(new, driverVersion: "13.0", unusable: nil),
                .init(old, driverVersion: "13.0", unusable: "too old"),
            ], reason: nil)
        let report = report(
            models: [], engine: nil, gpus: gpus, devices: [.cuda(0), .cuda(1)], reason: "all GPUs that can be used")
        let object = try json(report)
        let devices = try #require(object["devices"]?.array)
        #expect(
            devices.map(\.object) == [
                [
                    "id": .string("cpu"), "kind": .string("cpu"), "name": .string("Some CPU 9000"), "cores": .number(2),
                    "memory_bytes": .null, "multiprocessors": .null, "compute_capability": .null,
                    "driver_version": .null, "unusable": .null,
                ],
                [
                    "id": .string("cuda:0"), "kind": .string("gpu"), "name": .string("New GPU"), "cores": .null,
                    "memory_bytes": .number(80e9), "multiprocessors": .number(132),
                    "compute_capability": .string("9.0"), "driver_version": .string("13.0"), "unusable": .null,
                ],
                [
                    "id": .string("cuda:1"), "kind": .string("gpu"), "name": .string("Old GPU"), "cores": .null,
                    "memory_bytes": .number(8e9), "multiprocessors": .number(20),
                    "compute_capability": .string("7.5"), "driver_version": .string("13.0"),
                    "unusable": .string("too old"),
                ],
            ])
        #expect(object["no_gpu"] == .null && object["device"] == .string("cuda:0,cuda:1"))
        let lines = report.text.split(separator: "\n")
        #expect(
            lines.contains(
                "device             cuda:0: New GPU, 80.0 GB, 132 multiprocessors, compute capability 9.0, driver for CUDA 13.0"
            ))
        #expect(
            lines.contains {
                $0.hasPrefix("device             cuda:1: Old GPU") && $0.hasSuffix("; not usable: too old")
            })
        #expect(lines.contains("runs on            cuda:0,cuda:1 (all GPUs that can be used), float32"))
    }

    @Test func withoutAGPUTheReasonIsThere() throws {
        let report = report(models: [], engine: nil)
        #expect(try json(report)["no_gpu"] == .string("this machine has no GPU"))
        #expect(report.text.contains("\nGPU                none: this machine has no GPU\n"))
        #expect(report.text.contains("\nruns on            cpu, float32\n"))
    }

    /// A machine with 99 GPUs would fail this.
    @Test(arguments: ["cuda:99", "cuda:98,cuda:99"]) func gpuThatIsNotThereIsOneLine(_ device: String) async throws {
        for arguments in [["doctor"], ["doctor", "--random-weights", "tiny"]] {
            let process = try await StapesProcess.run(arguments + ["--device", device], environment: noModels)
            #expect(process.status == 1 && process.output.isEmpty)
            let first = device.split(separator: ",")[0]
            #expect(process.messages.hasPrefix("stapes: device '"), "\(process.messages)")
            #expect(process.messages.contains("is not available") && process.messages.contains(first.prefix(4)))
            #expect(process.messages.filter(\.isNewline).count == 1, "\(process.messages)")
        }
    }

    @Test func autoSaysWhatItTookAndWhy() async throws {
        let process = try await StapesProcess.run(["doctor", "--device", "auto", "--json"], environment: noModels)
        try #require(process.status == 0, "\(process.messages)")
        let object = try JSONDecoder().decode([String: AnyJSON].self, from: Data(process.output.utf8))
        guard case .string(let device) = object["device"], case .string(let reason) = object["device_reason"] else {
            Issue.record("no device or no reason: \(process.output)")
            return
        }
        #expect(["cpu", "cuda:0"].contains(device) && !reason.isEmpty)
    }

    private let noModels = ["STAPES_CACHE": "/dev/null/none"]

    @Test func everyNameOfAModelHasAShape() {
        #expect(Set(KnownModels.names) == Set(ModelCatalogue.names))
    }

    private func report(
        models: [ModelRow], engine: EngineFacts?, gpus: DoctorReport.GPUs = .init(reason: "this machine has no GPU"),
        devices: [Device] = [.cpu], reason: String? = nil
    ) -> DoctorReport {
        DoctorReport(
            cpu: cpu, gpus: gpus, modelCache: "/cache", models: models,
            preview: EnginePreview(
                devices: devices, deviceReason: reason, computeType: .float32, prefill: "a", decode: "b",
                decodeGraph: GraphDecision(enabled: true, reason: "they can", isWarning: false), looksAhead: true),
            engine: engine)
    }

    private func json(_ report: DoctorReport) throws -> [String: AnyJSON] {
        try JSONDecoder().decode([String: AnyJSON].self, from: Data(try JSONOutput.text(of: report).utf8))
    }
}
