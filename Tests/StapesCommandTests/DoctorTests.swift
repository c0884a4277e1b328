import FoundationEssentials
import Stapes
import StapesCommand
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
            "cross_kv_bytes_per_window", "self_kv_bytes_per_token", "compute_type", "kernels", "look_ahead",
            "deterministic", "cache_bytes",
        ] {
            #expect(object[key] == .null, "\(key)")
        }
        let text = report(models: [], engine: nil).text
        for word in ["look-ahead", "deterministic", "unused windows"] { #expect(!text.contains(word), "\(word)") }
        #expect(object["attention_backends"] == .object(["prefill": .string("cpu"), "decode": .string("cpu")]))
        #expect(object["instruction_sets"]?.array?.count == 4)
        #expect(object["devices"]?.array?.count == 1)
        #expect(
            object["decode_graph"]?.object == [
                "enabled": .bool(false), "reason": .string("switched off"), "buckets": .array([]),
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
        #expect(object["look_ahead"] == .bool(true))
        #expect(object["deterministic"] == .bool(false))
        #expect(object["cache_bytes"] == .number(64e6))
        #expect(report.text.contains("decode graph       on for 1, 2 rows: they can\n"))
        #expect(report.text.contains("\nlook-ahead         on\ndeterministic      no\n"))
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

    private let noModels = ["STAPES_CACHE": "/dev/null/none"]

    @Test func everyNameOfAModelHasAShape() {
        #expect(Set(KnownModels.names) == Set(ModelCatalogue.names))
    }

    private func report(models: [ModelRow], engine: EngineFacts?) -> DoctorReport {
        DoctorReport(
            cpu: cpu, modelCache: "/cache", models: models,
            attention: DoctorReport.AttentionBackends(prefill: "cpu", decode: "cpu"),
            decodeGraph: DoctorReport.DecodeGraph(
                GraphDecision(enabled: false, reason: "switched off", isWarning: false)), engine: engine)
    }

    private func json(_ report: DoctorReport) throws -> [String: AnyJSON] {
        try JSONDecoder().decode([String: AnyJSON].self, from: Data(try JSONOutput.text(of: report).utf8))
    }
}
