import ArgumentParser
import Stapes
import StapesEngine
import StapesTokenizer

/// `stapes bench invariants`: whether what must hold of captured decode steps holds on this machine's device.
struct BenchInvariants: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "invariants",
        abstract: "Check the rules of captured decode steps on the device that is there.",
        discussion: """
            A small model of random weights is run eagerly and by graphs: replays equal eager steps, padding is inert, \
            cached keys and values stay as they were written, a row gets the same bits in any batch. No model is \
            needed. The exit status is 1 if a rule does not hold.

              stapes bench invariants --device cuda:0
            """)

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup(title: "Engine") var engine: EngineFlags

    func run() async throws {
        let console = Console.process()
        let report: InvariantReport
        do {
            report = try check()
        } catch let error as CommandError {
            throw error
        } catch {
            throw CommandError(.model, "\(error)", cause: error)
        }
        console.result(json ? try JSONOutput.text(of: report) : report.text)
        if report.failed > 0 { throw ExitCode(1) }
    }

    private func check() throws -> InvariantReport {
        var wishes = engine.configuration(modelDirectory: "", maximumBatchSize: InvariantCheck.Extent().rows)
        wishes.instructionLevel = TranscriberEngine.instructionLevel
        let settings = try EngineConfiguration(wishes, special: SpecialTokens(vocabularySize: 51865))
        let check = try InvariantCheck {
            $0.devices = settings.devices
            $0.computeType = settings.computeType
            $0.crossKVType = settings.crossKVType
            $0.threads = settings.threads
            $0.level = settings.level
            $0.prefillBackend = settings.prefillBackend
            $0.decodeBackend = settings.decodeBackend
            $0.encoderWindows = settings.encoderWindows
        }
        return InvariantReport(device: settings.device.device.description, findings: try check.run())
    }
}

/// What `stapes bench invariants` prints.
struct InvariantReport: Encodable {
    struct Rule: Encodable {
        let number: Int
        let rule: String
        let cases: Int
        let failures: [String]
    }

    let device: String
    let passed: Int
    let failed: Int
    let rules: [Rule]

    init(device: String, findings: [InvariantCheck.Finding]) {
        self.device = device
        failed = findings.count { !$0.failures.isEmpty }
        passed = findings.count - failed
        rules = findings.map { Rule(number: $0.number, rule: $0.rule, cases: $0.cases, failures: $0.failures) }
    }

    /// For reading.
    var text: String {
        rules.map { rule in
            let line = "\(rule.failures.isEmpty ? "holds" : "FAILS") \(rule.number): \(rule.rule), \(rule.cases) cases"
            return ([line] + rule.failures.map { "    " + $0 }).joined(separator: "\n")
        }
        .joined(separator: "\n") + "\n"
    }
}
