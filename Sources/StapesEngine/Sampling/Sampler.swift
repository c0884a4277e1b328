import CKernels
import StapesDecoding
import StapesDevice
import StapesTokenizer

/// A token that was chosen for a row.
package struct Choice: Sendable, Hashable {
    /// -1 where the row held no finite logit.
    package let token: Int
    package let logProbability: Float
}

/// What the rules decided for one row of a step.
package struct RowRules: Sendable, Hashable {
    package let mask: LogitMask
    /// The row's list among the suppress lists.
    package let list: Int?

    /// No rule: what padding gets.
    package static let neutral = RowRules(mask: LogitMask(), list: nil)
}

/// Chooses tokens on the device by the rules that the host worked out: one mask a row, one kernel for all rows.
///
/// One sampler belongs to one kind of step; its rules are a static slot of that kind.
final class Sampler {
    /// 32-bit words of a row's rules.
    private static let rulesWidth = MemoryLayout<stapes_row_rules>.stride / MemoryLayout<Int32>.stride

    private let vocabulary: Int
    private let timestampBegin: Int
    private let lists: SuppressLists
    private let rules: StaticSlot
    private let tokens: Buffer
    private let logProbabilities: Buffer

    /// - Parameter rows: the most rows of a step.
    init(
        rows: Int, vocabulary: Int, special: SpecialTokens, lists: SuppressLists, registry: SlotRegistry
    ) throws(DeviceError) {
        self.vocabulary = vocabulary
        timestampBegin = special.timestampBegin
        self.lists = lists
        // All zeros are the neutral rules: no range, no list, no rule about stamps.
        rules = try StaticSlot(
            "logit rules", domain: .row, count: rows, width: Self.rulesWidth, capture: .value(0), padding: .value(0),
            in: registry)
        tokens = try Buffer(of: Int32.self, count: rows)
        logProbabilities = try Buffer(of: Float.self, count: rows)
    }

    /// Puts the rules of the live rows into their slot.
    func set(_ rows: [RowRules]) {
        let values = rowRules
        for (row, entry) in rows.enumerated() { values[row] = stapes_row_rules(entry) }
    }

    /// Launches the choice of the likeliest allowed token of each row of `logits` [rows, vocabulary], which is
    /// overwritten.
    func launch(_ logits: MatrixView, on stream: Stream) {
        stream.launch(
            stream.kernels.select,
            stapes_select_arguments(
                logits: logits.float32, rules: UnsafePointer(rowRules), suppressed: lists.pointer,
                tokens: tokens.pointer.assumingMemoryBound(to: Int32.self),
                log_probabilities: logProbabilities.pointer.assumingMemoryBound(to: Float.self),
                rows: Int64(logits.rows), vocabulary: Int64(vocabulary), logits_stride: Int64(logits.rowStride),
                suppressed_stride: Int64(lists.words), timestamp_begin: Int32(timestampBegin)))
    }

    /// Reads what was chosen for the first `rows` rows: the one read of a steady decode step.
    func fetch(rows: Int) -> [Choice] {
        let tokens = tokens.bound(to: Int32.self)
        let logProbabilities = logProbabilities.bound(to: Float.self)
        return (0..<rows).map { Choice(token: Int(tokens[$0]), logProbability: logProbabilities[$0]) }
    }

    private var rowRules: UnsafeMutablePointer<stapes_row_rules> {
        UnsafeMutableRawPointer(rules.mutablePointer).assumingMemoryBound(to: stapes_row_rules.self)
    }
}

extension stapes_row_rules {
    /// The rules' decision in the kernel's form.
    fileprivate init(_ rules: RowRules) {
        self.init()
        let mask = rules.mask
        range_count = Int32(mask.rangeCount)
        withUnsafeMutableBytes(of: &range_begin) { begins in
            for index in 0..<mask.rangeCount {
                begins.storeBytes(of: mask.slots[index].lower, toByteOffset: index * 4, as: Int32.self)
            }
        }
        withUnsafeMutableBytes(of: &range_end) { ends in
            for index in 0..<mask.rangeCount {
                ends.storeBytes(of: mask.slots[index].upper, toByteOffset: index * 4, as: Int32.self)
            }
        }
        if mask.usesSuppressList, let list = rules.list { suppress_list = Int32(list) + 1 }
        timestamp_mass_rule = mask.timestampMassRule ? 1 : 0
    }
}
