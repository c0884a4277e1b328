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
        for key in ["cross_kv_bytes_per_window", "self_kv_bytes_per_token", "compute_type", "kernels"] {
            #expect(object[key] == .null, "\(key)")
        }
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
        #expect(report.text.contains("decode graph       on for 1, 2 rows: they can\n"))
        #expect(report.text.contains("models             base in /cache/base, incomplete\n"))
    }

    /// Of the published shapes, in a fraction of a second: no weights are loaded, and none are there.
    @Test(arguments: [
        ("large-v3", "bfloat16", 245_760_000, 163_840), ("large-v3", "float32", 491_520_000, 327_680),
        ("turbo", "bfloat16", 30_720_000, 20_480), ("tiny.en", "float32", 18_432_000, 12_288),
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
