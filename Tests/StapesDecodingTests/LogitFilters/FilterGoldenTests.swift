import StapesDecoding
import StapesTokenizer
import Testing

/// Masks, choices and scores that the reference's own filters gave for made-up logits.
struct FilterGoldenTests {
    struct Case: Decodable {
        var seed: UInt64
        var boost: Float
        var sampled: [Int]
        var suppress: [Int]?
        var suppressBlank: Bool
        var timestamps: Bool
        var maximumInitialTimestamp: Double?
        var masked: [[Int]]
        var token: Int
        var logProbability: Float
        var noSpeech: Float

        var rules: LogitRules {
            LogitRules(
                coder: TinyCoder(),
                options: FilterOptions(
                    suppressTokens: suppress, suppressBlank: suppressBlank, timestamps: timestamps,
                    maximumInitialTimestamp: maximumInitialTimestamp))
        }

        /// The generator of the recording script.
        var rawLogits: [Float] {
            var state = seed
            return (0...SpecialTokens.tiny.timestampEnd).map { _ in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return Float((state >> 40) % 1024) / 64 - 8
            }
        }

        var logits: [Float] {
            rawLogits.enumerated().map { $0 >= SpecialTokens.tiny.timestampBegin ? $1 + boost : $1 }
        }
    }

    private static func cases() throws -> [Case] {
        let cases: [Case] = try Goldens.load("filters.json")
        try #require(cases.count == 200)
        return cases
    }

    @Test func masksEqualTheReferences() throws {
        for golden in try Self.cases() {
            let rules = golden.rules
            var mask = rules.mask(sampled: golden.sampled)
            if mask.usesSuppressList {
                // At most 19 ids: taken one by one, they show up as what they mask.
                let masked = (0...SpecialTokens.tiny.timestampEnd).filter {
                    mask.masks($0) || rules.suppressList.contains($0)
                }
                #expect(ranges(of: masked) == golden.masked, "seed \(golden.seed)")
            } else {
                Issue.record("seed \(golden.seed): the list is always used")
            }
            mask.timestampMassRule = golden.timestamps
            #expect(mask == rules.mask(sampled: golden.sampled))
        }
    }

    @Test func choicesAndScoresEqualTheReferences() throws {
        for golden in try Self.cases() {
            let rules = golden.rules
            let chosen = golden.logits.withUnsafeBufferPointer {
                GreedyRule.select(
                    logits: $0, mask: rules.mask(sampled: golden.sampled), suppressList: rules.suppressList,
                    special: .tiny)
            }
            #expect(chosen.token == golden.token, "seed \(golden.seed)")
            #expect(abs(chosen.logProbability - golden.logProbability) < 2e-6, "seed \(golden.seed)")
        }
    }

    @Test func noSpeechProbabilitiesEqualTheReferences() throws {
        for golden in try Self.cases() {
            let probability = golden.logits.withUnsafeBufferPointer {
                RowProbability.noSpeech(logits: $0, special: .tiny)
            }
            #expect(abs(probability - golden.noSpeech) <= 1e-5 * golden.noSpeech, "seed \(golden.seed)")
        }
    }

    private func ranges(of ids: [Int]) -> [[Int]] {
        ids.reduce(into: []) { ranges, id in
            if ranges.last?[1] == id {
                ranges[ranges.count - 1][1] = id + 1
            } else {
                ranges.append([id, id + 1])
            }
        }
    }
}
