import CKernels
import StapesDecoding
import StapesDevice
import StapesTokenizer

/// Chooses tokens on the device by the rules that the host worked out: one mask a row, one kernel for all rows.
final class Sampler {
    struct Choice {
        let token: Int
        let logProbability: Float
    }

    private let stream: Stream
    private let special: SpecialTokens
    private let vocabulary: Int
    /// 64-bit words of a bit set over the vocabulary.
    private let words: Int
    private let suppressed: Buffer
    private let rules: Buffer
    private let tokens: Int32Buffer
    private let logProbabilities: Buffer
    private var freeSlots: [Int]

    /// - Parameter rows: the most rows of a step.
    init(rows: Int, vocabulary: Int, special: SpecialTokens, stream: Stream) throws(DeviceError) {
        self.stream = stream
        self.special = special
        self.vocabulary = vocabulary
        words = (vocabulary + 63) / 64
        suppressed = try Buffer(of: UInt64.self, count: rows * words)
        rules = try Buffer(of: stapes_row_rules.self, count: rows)
        tokens = try Int32Buffer(count: rows)
        logProbabilities = try Buffer(of: Float.self, count: rows)
        freeSlots = Array((0..<rows).reversed())
    }

    /// Lists that are in use; 0 is the baseline.
    var usedSlots: Int { suppressed.byteCount / (words * 8) - freeSlots.count }

    /// Puts a request's suppress list where the kernel finds it, until `release`.
    func reserve(_ list: [Int]) -> Int {
        guard let slot = freeSlots.popLast() else { preconditionFailure("more sequences than sampler rows") }
        let bits = UnsafeMutableBufferPointer(
            rebasing: suppressed.bound(to: UInt64.self)[slot * words..<(slot + 1) * words])
        bits.update(repeating: 0)
        for token in list where token >= 0 && token < vocabulary { bits[token / 64] |= 1 << UInt64(token % 64) }
        return slot
    }

    func release(_ slot: Int) { freeSlots.append(slot) }

    /// The likeliest allowed token of each row.
    ///
    /// - Parameters:
    ///   - logits: `[rows, vocabulary]`; overwritten.
    ///   - masks: what the rules decided for each row, and the slot of its suppress list.
    /// - Returns: a token of -1 where a row holds no finite logit.
    func select(_ logits: MatrixView, masks: [(mask: LogitMask, slot: Int)]) -> [Choice] {
        let rows = rules.bound(to: stapes_row_rules.self)
        for (row, entry) in masks.enumerated() { rows[row] = stapes_row_rules(entry.mask, slot: entry.slot) }
        let chosen = logProbabilities.bound(to: Float.self)
        stream.launch(
            stream.kernels.select,
            stapes_select_arguments(
                logits: logits.float32, rules: UnsafePointer(rows.baseAddress!),
                suppressed: UnsafePointer(suppressed.bound(to: UInt64.self).baseAddress!),
                tokens: tokens.mutablePointer, log_probabilities: chosen.baseAddress!, rows: Int64(masks.count),
                vocabulary: Int64(vocabulary), logits_stride: Int64(logits.rowStride),
                suppressed_stride: Int64(words), timestamp_begin: Int32(special.timestampBegin)))
        return (0..<masks.count).map { Choice(token: Int(tokens[$0]), logProbability: chosen[$0]) }
    }
}

extension stapes_row_rules {
    /// The rules' decision in the kernel's form.
    fileprivate init(_ mask: LogitMask, slot: Int) {
        self.init()
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
        suppress_list = mask.usesSuppressList ? Int32(slot) : -1
        timestamp_mass_rule = mask.timestampMassRule ? 1 : 0
    }
}
