import CKernels

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

func referenceSelect(_ a: stapes_select_arguments) {
    for row in 0..<Int(a.rows) {
        let logits = UnsafeMutableBufferPointer(
            start: a.logits + row * Int(a.logits_stride), count: Int(a.vocabulary))
        for id in logits.indices where logits[id].isNaN { logits[id] = -.infinity }
        mask(logits, a.rules[row], a)
        let text = logits[..<Int(a.timestamp_begin)]
        let stamps = logits[Int(a.timestamp_begin)...]
        if a.rules[row].timestamp_mass_rule != 0, logSumOfExponentials(stamps) > text.max() ?? -.infinity {
            for id in text.indices { logits[id] = -.infinity }
        }
        let best = logits.max() ?? -.infinity
        if best.isFinite, let token = logits.firstIndex(of: best) {
            a.tokens[row] = Int32(token)
            a.log_probabilities[row] = best - logSumOfExponentials(logits[...])
        } else {
            a.tokens[row] = -1
            a.log_probabilities[row] = -.infinity
        }
    }
}

private func mask(
    _ logits: UnsafeMutableBufferPointer<Float>, _ rules: stapes_row_rules, _ a: stapes_select_arguments
) {
    withUnsafeBytes(of: rules.range_begin) { begins in
        withUnsafeBytes(of: rules.range_end) { ends in
            for range in 0..<Int(rules.range_count) {
                let begin = Int(begins.load(fromByteOffset: range * 4, as: Int32.self))
                let end = min(Int(ends.load(fromByteOffset: range * 4, as: Int32.self)), logits.count)
                for id in begin..<max(begin, end) { logits[id] = -.infinity }
            }
        }
    }
    guard rules.suppress_list > 0 else { return }
    let words = a.suppressed + (Int(rules.suppress_list) - 1) * Int(a.suppressed_stride)
    for id in logits.indices where words[id / 64] >> UInt64(id % 64) & 1 == 1 { logits[id] = -.infinity }
}

private func logSumOfExponentials(_ values: Slice<UnsafeMutableBufferPointer<Float>>) -> Float {
    let maximum = values.max() ?? -.infinity
    guard maximum > -.infinity else { return -.infinity }
    return maximum + Float(log(values.reduce(0.0) { $0 + exp(Double($1 - maximum)) }))
}
