import StapesEngine
import Testing

/// What `stapes bench invariants` looks at on a machine's own device.
@Suite(.serialized, .timeLimit(.minutes(5))) struct InvariantCheckTests {
    @Test(arguments: [Setup.float32, .crossFloat8, .gpu, .gpuCrossFloat8, .flashInfer]) func everyRuleHolds(
        setup: Setup
    ) throws {
        var extent = InvariantCheck.Extent()
        (extent.audioContext, extent.rows, extent.rounds) = setup.isGPU ? (40, 2, 1) : (200, 5, 2)
        let check = try InvariantCheck(extent) {
            $0.devices = [setup.device]
            $0.computeType = setup.computeType
            $0.encoderWindows = setup.isGPU ? 2 : 3
            $0.crossKVType = setup.crossKVType
            if setup.isGPU {
                $0.prefillBackend = setup.backend
                $0.decodeBackend = setup.backend
            }
        }
        let findings = try check.run()
        #expect(findings.map(\.number) == [1, 2, 3, 4, 5, 6, 11, 12])
        for finding in findings {
            #expect(finding.failures == [], "\(finding.number): \(finding.rule)")
            #expect(finding.cases > 0)
        }
    }
}
