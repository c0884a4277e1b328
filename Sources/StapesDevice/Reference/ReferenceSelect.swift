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
        let seat = Int(a.seats[row])
        guard seat != 0 else {
            a.tokens[row] = 0
            a.log_probabilities[row] = 0
            continue
        }
        let logits = UnsafeMutableBufferPointer(
            start: a.logits + row * Int(a.logits_stride), count: Int(a.vocabulary))
        for id in logits.indices where logits[id].isNaN { logits[id] = -.infinity }
        let rules = a.rules[seat]
        let history = UnsafeMutableBufferPointer(
            start: a.history + seat * Int(a.history_stride), count: Int(a.history_stride))
        let sampled = Array(history.prefix(Int(a.states[seat].count)))
        penalise(logits, sampled, by: rules.repetition_penalty)
        forbidRepeated(logits, sampled, run: Int(rules.unrepeated_run))
        mask(logits, rules, a.states[seat], a.suppressed + seat * Int(a.suppressed_stride), a)
        let text = logits[..<Int(a.timestamp_begin)]
        let stamps = logits[Int(a.timestamp_begin)...]
        if rules.timestamps != 0, logSumOfExponentials(stamps) > text.max() ?? -.infinity {
            for id in text.indices { logits[id] = -.infinity }
        }
        let best = logits.max() ?? -.infinity
        var token: Int?
        if best.isFinite {
            token =
                rules.temperature > 0
                ? draw(logits, temperature: rules.temperature, seed: rules.seed, step: UInt32(a.states[seat].count))
                : logits.firstIndex(of: best)
        }
        a.tokens[row] = Int32(token ?? -1)
        a.log_probabilities[row] = token.map { logits[$0] - logSumOfExponentials(logits[...]) } ?? -.infinity
        if rules.candidates > 0 {
            let places = (row * Int(STAPES_CANDIDATES))..<(row * Int(STAPES_CANDIDATES) + Int(rules.candidates))
            let total = logSumOfExponentials(logits[...])
            let order = logits.indices.filter { logits[$0] > -.infinity }
                .sorted { (logits[$0], $1) > (logits[$1], $0) }
            for (place, rank) in zip(places, 0...) {
                a.candidates[place] = rank < order.count ? Int32(order[rank]) : -1
                a.candidate_log_probabilities[place] = rank < order.count ? logits[order[rank]] - total : -.infinity
            }
            continue
        }
        guard let token else { continue }
        if sampled.count < history.count { history[sampled.count] = Int32(token) }
        a.states[seat].advance(Int32(token), timestampBegin: a.timestamp_begin)
    }
}

func referenceRefine(_ a: stapes_refine_arguments) {
    let table = ReferenceRows(pointer: a.table, type: a.table_type)
    let width = Int(a.width)
    for row in 0..<Int(a.rows) {
        let logits = a.logits + row * Int(a.logits_stride)
        let input = a.inputs + row * Int(a.input_stride)
        var begin = 0
        for end in [a.group_ends.0, a.group_ends.1, a.group_ends.2].map({ Int($0) }) {
            let order = (begin..<end).filter { logits[$0] > -.infinity }
                .sorted { (logits[$0], $1) > (logits[$1], $0) }
                .prefix(32)
            let best = order.first.map { logits[$0] } ?? 0
            for id in order where logits[id] > best - 12 {
                logits[id] = Float((0..<width).reduce(0.0) { $0 + Double(input[$1]) * Double(table[id * width + $1]) })
            }
            begin = end
        }
    }
}

extension stapes_sampling_state {
    fileprivate mutating func advance(_ chosen: Int32, timestampBegin: Int32) {
        follows_text = count > 0 && token < timestampBegin ? 1 : 0
        if chosen >= timestampBegin { last_timestamp = chosen }
        token = chosen
        count += 1
    }
}

private func penalise(_ logits: UnsafeMutableBufferPointer<Float>, _ sampled: [Int32], by penalty: Float) {
    guard penalty > 0 else { return }
    for id in Set(sampled) {
        let logit = logits[Int(id)]
        logits[Int(id)] = logit < 0 ? logit * penalty : logit / penalty
    }
}

private func forbidRepeated(_ logits: UnsafeMutableBufferPointer<Float>, _ sampled: [Int32], run: Int) {
    guard run > 0, sampled.count >= run else { return }
    let end = sampled.suffix(run - 1)
    for first in 0...sampled.count - run where sampled[first..<first + run - 1].elementsEqual(end) {
        logits[Int(sampled[first + run - 1])] = -.infinity
    }
}

func referenceTokenProbability(_ a: stapes_token_probability_arguments) {
    for row in 0..<Int(a.rows) {
        let logits = UnsafeBufferPointer(start: a.logits + row * Int(a.logits_stride), count: Int(a.limit))
        let token = Int(a.tokens[row])
        let peak = Double(logits.max() ?? 0)
        let total = logits.reduce(0.0) { $0 + exp(Double($1) - peak) }
        a.probabilities[row] = token < logits.count ? Float(exp(Double(logits[token]) - peak) / total) : 0
    }
}

private func mask(
    _ logits: UnsafeMutableBufferPointer<Float>, _ rules: stapes_sampling_rules, _ state: stapes_sampling_state,
    _ suppressed: UnsafePointer<UInt64>, _ a: stapes_select_arguments
) {
    func forbid(_ ids: Range<Int32>) {
        for id in ids.clamped(to: 0..<Int32(logits.count)) { logits[Int(id)] = -.infinity }
    }
    let (stampsBegin, end) = (a.timestamp_begin, Int32(a.vocabulary))
    if rules.suppresses_blank != 0, state.count == 0 {
        forbid(rules.blank..<rules.blank + 1)
        forbid(rules.end_of_text..<rules.end_of_text + 1)
    }
    if rules.suppresses_list != 0 {
        for id in logits.indices where suppressed[id / 64] >> UInt64(id % 64) & 1 == 1 { logits[id] = -.infinity }
    }
    guard rules.timestamps != 0 else { return }
    forbid(rules.no_timestamps..<rules.no_timestamps + 1)
    let isStamp = state.count > 0 && state.token >= stampsBegin
    let closes = isStamp && state.follows_text != 0
    if closes {
        forbid(0..<rules.end_of_text)
    } else if isStamp {
        forbid(stampsBegin..<end)
    }
    if state.last_timestamp > 0 { forbid(stampsBegin..<state.last_timestamp + (closes ? 0 : 1)) }
    if rules.last_timestamp < end { forbid(rules.last_timestamp + 1..<end) }
    if state.count == 0 {
        forbid(0..<stampsBegin)
        if rules.last_initial_timestamp < end { forbid(rules.last_initial_timestamp + 1..<end) }
    }
}

/// The id at which the tempered distribution passes the random number of this step.
private func draw(
    _ logits: UnsafeMutableBufferPointer<Float>, temperature: Float, seed: UInt64, step: UInt32
) -> Int? {
    let best = Double(logits.max() ?? 0)
    let weights = logits.map { exp((Double($0) - best) / Double(temperature)) }
    var rest = Philox.uniform(seed: seed, step: step) * weights.reduce(0, +)
    for (id, weight) in weights.enumerated() {
        rest -= weight
        if rest < 0 { return id }
    }
    return weights.lastIndex { $0 > 0 }
}

private func logSumOfExponentials(_ values: Slice<UnsafeMutableBufferPointer<Float>>) -> Float {
    let maximum = values.max() ?? -.infinity
    guard maximum > -.infinity else { return -.infinity }
    return maximum + Float(log(values.reduce(0.0) { $0 + exp(Double($1 - maximum)) }))
}
