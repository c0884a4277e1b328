import ArgumentParser
import Stapes
import StapesDecoding
import StapesEngine
import StapesFormats
import StapesModel
import StapesTokenizer

/// What the words after an option mean. Each throws a `ValidationError` that says what would have been right.
package enum OptionParsing {
    /// A language's code, name or alias; nil for `auto`.
    package static func language(_ text: String) throws -> String? {
        if text.lowercased() == "auto" { return nil }
        guard let code = Languages.code(for: text) else {
            throw ValidationError("unknown language '\(text)'; give a code (de), a name (german) or auto")
        }
        return code
    }

    package static func task(_ text: String) throws -> TranscriptionTask {
        switch text {
        case "transcribe": return .transcribe
        case "translate": return .translate
        default: throw ValidationError("unknown task '\(text)'; give transcribe or translate")
        }
    }

    /// A comma list of format names, or `all` for whisper's; without repetitions, in the order given.
    package static func formats(_ text: String) throws -> [OutputFormat] {
        do {
            return try OutputFormat.parse(list: text)
        } catch {
            throw ValidationError(error.message)
        }
    }

    package static func device(_ text: String) throws -> DeviceSelection {
        switch text {
        case "cpu": return .cpu
        case "auto": return .auto
        case "cuda:all": return .allGPUs
        default:
            let ordinals = try text.split(separator: ",", omittingEmptySubsequences: false).map { name in
                guard let ordinal = gpu(name) else {
                    throw ValidationError(
                        "unknown device '\(name)'; give cpu, auto, cuda, cuda:N, several as cuda:0,cuda:1, or cuda:all")
                }
                return ordinal
            }
            guard Set(ordinals).count == ordinals.count else {
                throw ValidationError("'\(text)' names a GPU twice")
            }
            return ordinals.count == 1 ? .cuda(ordinals[0]) : .gpus(ordinals)
        }
    }

    /// `cuda` is the first.
    private static func gpu(_ name: Substring) -> Int? {
        let parts = name.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.first == "cuda", parts.count <= 2 else { return nil }
        guard parts.count == 2 else { return 0 }
        return Int(parts[1]).flatMap { $0 >= 0 ? $0 : nil }
    }

    package static func computeType(_ text: String) throws -> ComputeType {
        guard let type = ComputeType(rawValue: text) else {
            let known = ComputeType.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("unknown compute type '\(text)'; give one of \(known)")
        }
        return type
    }

    package static func crossKVType(_ text: String) throws -> CrossKVType {
        guard let type = CrossKVType(rawValue: text) else {
            let known = CrossKVType.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("unknown type of cross keys and values '\(text)'; give one of \(known)")
        }
        return type
    }

    package static func publishedShape(_ text: String) throws -> PublishedShape {
        guard let configuration = KnownModels.configuration(named: text) else {
            let known = KnownModels.names.joined(separator: ", ")
            throw ValidationError("no published model is named '\(text)'; give one of \(known)")
        }
        return PublishedShape(name: text, configuration: configuration)
    }

    package static func attentionBackend(_ text: String) throws -> String {
        let known = TranscriberConfiguration.attentionBackends
        guard known.contains(text) else {
            throw ValidationError("unknown attention backend '\(text)'; give \(known.joined(separator: " or "))")
        }
        return text
    }

    package static func graphMode(_ text: String) throws -> GraphMode {
        guard let mode = GraphMode(rawValue: text) else {
            let known = GraphMode.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("unknown decode graph mode '\(text)'; give one of \(known)")
        }
        return mode
    }

    /// Nil leaves the choice to the engine.
    package static func lookAhead(_ text: String) throws -> Bool? {
        switch text {
        case "auto": return nil
        case "on": return true
        case "off": return false
        default: throw ValidationError("unknown look-ahead mode '\(text)'; give auto, on or off")
        }
    }

    package static func programmaticLaunch(_ text: String) throws -> Bool {
        switch text {
        case "on": return true
        case "off": return false
        default: throw ValidationError("unknown mode of programmatic launch '\(text)'; give on or off")
        }
    }

    package static func logMel(_ text: String) throws -> LogMelPlace {
        guard let place = LogMelPlace(rawValue: text) else {
            let known = LogMelPlace.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("unknown place for log-mel '\(text)'; give one of \(known)")
        }
        return place
    }

    /// A number of bytes, with K, M, G or T behind it for powers of 1024.
    package static func byteCount(_ text: String) throws -> Int {
        let units = ["K": 10, "M": 20, "G": 30, "T": 40]
        let shift = text.last.flatMap { units[$0.uppercased()] }
        let digits = shift == nil ? text[...] : text.dropLast()
        guard let number = Int(digits), number >= 0, number <= Int.max >> (shift ?? 0) else {
            throw ValidationError("'\(text)' is no number of bytes; give one, as in 512M")
        }
        return number << (shift ?? 0)
    }

    package static func temperature(_ text: String) throws -> Double {
        guard let value = Double(text), value.isFinite, value >= 0 else {
            throw ValidationError("'\(text)' is no temperature; give 0 or more")
        }
        return value
    }

    /// A number of hypotheses; `None` is whisper's word for one.
    package static func beamSize(_ text: String) throws -> Int? {
        text.lowercased() == "none" ? nil : try number(text, in: 1...SamplingOptions.largestBeam)
    }

    /// A number of samples or windows; `None` is whisper's word for one.
    package static func count(_ text: String) throws -> Int? {
        text.lowercased() == "none" ? nil : try number(text, in: 1...64)
    }

    package static func number(_ text: String) throws -> Double {
        guard let value = Double(text), value.isFinite else { throw ValidationError("'\(text)' is no number") }
        return value
    }

    package static func wholeNumber(_ text: String) throws -> Int {
        guard let value = Int(text), value >= 0 else {
            throw ValidationError("'\(text)' is no whole number from 0 on")
        }
        return value
    }

    /// Seconds, separated by commas.
    package static func clipTimestamps(_ text: String) throws -> [Double] {
        let seconds = try text.split(separator: ",").map { try number(String($0.filter { $0 != " " })) }
        guard seconds.allSatisfy({ $0 >= 0 }), seconds == seconds.sorted() else {
            throw ValidationError("'\(text)' is no list of seconds; give start,end,start,end,... that never go back")
        }
        return seconds == [0] ? [] : seconds
    }

    package static func seed(_ text: String) throws -> UInt64 {
        guard let seed = UInt64(text) else { throw ValidationError("'\(text)' is no seed; give a whole number") }
        return seed
    }

    package static func audioContext(_ text: String) throws -> AudioContext {
        text == "auto" ? .automatic : .positions(try number(text, in: 1...WindowTime.stampsPerWindow))
    }

    /// A comma list of batch sizes, ascending and without repetitions.
    package static func graphRows(_ text: String) throws -> [Int] {
        let words = text.split(separator: ",", omittingEmptySubsequences: false)
        return Set(try words.map { try batchSize(String($0)) }).sorted()
    }

    /// Token ids to keep out of the transcript; nil for the usual set, which `-1` alone stands for. A `-1` among
    /// others stays in the list and means that set as well.
    package static func suppressTokens(_ text: String) throws -> [Int]? {
        var ids: [Int] = []
        for word in text.split(separator: ",") {
            guard let id = Int(word.filter { $0 != " " }), id >= -1 else {
                throw ValidationError("'\(text)' is no list of token ids; give -1 or numbers separated by commas")
            }
            ids.append(id)
        }
        return ids == [-1] ? nil : ids
    }

    /// A limit; `None` turns its test off, as in whisper.
    package static func threshold(_ text: String) throws -> Double? {
        if text.lowercased() == "none" { return nil }
        guard let value = Double(text), value.isFinite else {
            throw ValidationError("'\(text)' is no number; give one, or None to turn the test off")
        }
        return value
    }

    /// A number of threads; 0, whisper's default, leaves the choice to the engine.
    package static func threads(_ text: String) throws -> Int? {
        let counts = TranscriberConfiguration.threadCounts
        guard let count = Int(text), count == 0 || counts.contains(count) else {
            throw ValidationError("'\(text)' is no number of threads; give 0 (automatic) to \(counts.upperBound)")
        }
        return count == 0 ? nil : count
    }

    /// A limit on lines of subtitles; `None` and 0, which whisper takes for it, are no limit.
    package static func layoutLimit(_ text: String) throws -> Int? {
        if text.lowercased() == "none" { return nil }
        guard let limit = Int(text), limit >= 0 else {
            throw ValidationError("'\(text)' is no limit; give 1 or more, or None for no limit")
        }
        return limit == 0 ? nil : limit
    }

    /// Files in flight, or rows of a graph.
    package static func batchSize(_ text: String) throws -> Int {
        try number(text, in: TranscriberConfiguration.batchSizes)
    }

    /// Windows that are encoded together.
    package static func encoderBatchSize(_ text: String) throws -> Int {
        try number(text, in: TranscriberConfiguration.encoderBatchSizes)
    }

    /// Several numbers of such, separated by commas.
    package static func encoderBatchSizes(_ text: String) throws -> [Int] {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        return try parts.map { try encoderBatchSize(String($0)) }
    }

    /// Numbers of rows, separated by commas.
    package static func batchSizes(_ text: String) throws -> [Int] {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        let sizes = parts.compactMap { Int($0) }
        guard sizes.count == parts.count, sizes.allSatisfy({ (1...256).contains($0) }) else {
            throw ValidationError("'\(text)' is no list of batch sizes; give numbers from 1 to 256, as in 1,4,16")
        }
        return sizes
    }

    /// How often something is repeated.
    package static func repetitions(_ text: String) throws -> Int {
        try number(text, in: 1...4096)
    }

    private static func number(_ text: String, in range: ClosedRange<Int>) throws -> Int {
        guard let number = Int(text), range.contains(number) else {
            throw ValidationError("'\(text)' is not a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}

/// An option's value where nil is a value of its own (`auto`, `None`), not the option's absence.
package struct Parsed<Value: Sendable>: Sendable {
    package let value: Value?

    package init(_ value: Value?) {
        self.value = value
    }
}

/// A model to be made of random weights, as the user named it.
package struct PublishedShape: Sendable {
    package let name: String
    package let configuration: ModelConfiguration
}
