import CKernels
import StapesDecoding
import StapesDevice
import StapesTesting
import StapesTokenizer

/// Rows of logits, the rules for each, and what came of them.
struct SelectCase {
    struct Choice: Equatable {
        let token: Int
        let logProbability: Float
    }

    let vocabulary: Int
    let timestampBegin: Int
    /// `[rows, vocabulary]`
    var logits: [[Float]]
    var masks: [LogitMask]
    /// One list for each row.
    var lists: [[Int]]

    /// The kernel's choices. Rows lie further apart than they are long; what is between must not be looked at.
    func run(on stream: StapesDevice.Stream) -> [Choice] {
        let stride = vocabulary + 9
        let rows = logits.count
        let cells = Cells([Float](repeating: 1e30, count: rows * stride))
        for (row, values) in logits.enumerated() {
            for (id, value) in values.enumerated() { cells[row * stride + id] = value }
        }
        let words = (vocabulary + 63) / 64
        let bits = UnsafeMutablePointer<UInt64>.allocate(capacity: rows * words)
        defer { bits.deallocate() }
        bits.initialize(repeating: 0, count: rows * words)
        let rules = UnsafeMutablePointer<stapes_row_rules>.allocate(capacity: rows)
        defer { rules.deallocate() }
        for row in 0..<rows {
            rules[row] = Self.rules(masks[row], list: row)
            for id in lists[row] { bits[row * words + id / 64] |= 1 << UInt64(id % 64) }
        }
        let tokens = Integers([Int32](repeating: -7, count: rows))
        let chosen = Cells(rows)
        stream.launch(
            stream.kernels.select,
            stapes_select_arguments(
                logits: cells.floats, rules: rules, suppressed: bits, tokens: tokens.pointer,
                log_probabilities: chosen.floats, rows: Int64(rows), vocabulary: Int64(vocabulary),
                logits_stride: Int64(stride), suppressed_stride: Int64(words),
                timestamp_begin: Int32(timestampBegin)))
        return withExtendedLifetime((cells, tokens, chosen)) {
            (0..<rows).map { Choice(token: Int(tokens.pointer[$0]), logProbability: chosen[$0]) }
        }
    }

    /// The rules' own answer.
    func greedy() -> [Choice] {
        logits.indices.map { row in
            let choice = logits[row].withUnsafeBufferPointer {
                GreedyRule.select(logits: $0, mask: masks[row], suppressList: lists[row], special: special)
            }
            return Choice(token: choice.token, logProbability: choice.logProbability)
        }
    }

    private var special: SpecialTokens {
        SpecialTokens(
            endOfText: timestampBegin - 8, startOfTranscript: timestampBegin - 7, translate: timestampBegin - 6,
            transcribe: timestampBegin - 5, startOfLM: timestampBegin - 4, startOfPrevious: timestampBegin - 3,
            noSpeech: timestampBegin - 2, noTimestamps: timestampBegin - 1, timestampBegin: timestampBegin,
            languages: 0..<0)
    }

    private static func rules(_ mask: LogitMask, list: Int) -> stapes_row_rules {
        var rules = stapes_row_rules()
        rules.range_count = Int32(mask.rangeCount)
        withUnsafeMutableBytes(of: &rules.range_begin) { begins in
            withUnsafeMutableBytes(of: &rules.range_end) { ends in
                for index in 0..<mask.rangeCount {
                    begins.storeBytes(of: mask.slots[index].lower, toByteOffset: index * 4, as: Int32.self)
                    ends.storeBytes(of: mask.slots[index].upper, toByteOffset: index * 4, as: Int32.self)
                }
            }
        }
        rules.suppress_list = mask.usesSuppressList ? Int32(list) + 1 : 0
        rules.timestamp_mass_rule = mask.timestampMassRule ? 1 : 0
        return rules
    }

    /// Random rows under random rules.
    static func random(
        rows: Int, vocabulary: Int, timestampBegin: Int, using generator: inout SeededGenerator
    ) -> SelectCase {
        var logits: [[Float]] = []
        var masks: [LogitMask] = []
        var lists: [[Int]] = []
        for _ in 0..<rows {
            let spread = Float.random(in: 0.5...20, using: &generator)
            logits.append((0..<vocabulary).map { _ in spread * generator.nextSignedUnit() })
            var mask = LogitMask()
            for _ in 0..<Int.random(in: 0...6, using: &generator) {
                switch Int.random(in: 0..<6, using: &generator) {
                case 0: mask.suppress(from: Int.random(in: 0..<vocabulary + 50, using: &generator))
                case 1: mask.suppress(0..<Int.random(in: 0...timestampBegin, using: &generator))
                case 2: mask.suppress(Int.random(in: 0..<vocabulary, using: &generator))
                default:
                    let from = Int.random(in: 0..<vocabulary, using: &generator)
                    mask.suppress(from..<from + Int.random(in: 0...vocabulary / 8, using: &generator))
                }
            }
            mask.usesSuppressList = Bool.random(using: &generator)
            mask.timestampMassRule = Bool.random(using: &generator)
            masks.append(mask)
            let count = Int.random(in: 0...vocabulary / 3, using: &generator)
            lists.append(Set((0..<count).map { _ in Int.random(in: 0..<vocabulary, using: &generator) }).sorted())
        }
        return SelectCase(
            vocabulary: vocabulary, timestampBegin: timestampBegin, logits: logits, masks: masks, lists: lists)
    }
}
