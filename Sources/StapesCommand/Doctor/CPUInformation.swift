import FoundationEssentials

/// What the system says about the processor.
package struct CPUInformation: Sendable, Hashable {
    package let name: String
    package let coreCount: Int
    /// Those that matter to the kernels, in the order in which they came to the world.
    package let instructionSets: [String]

    private static let relevant = [
        "sse4_2", "avx", "avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512vl", "avx512_vnni", "avx512_bf16",
        "avx512_fp16", "avx_vnni", "amx_bf16", "amx_int8", "asimd", "fphp", "asimdhp", "asimddp", "sve", "sve2", "i8mm",
        "bf16",
    ]

    /// - Parameter cpuinfo: the text of `/proc/cpuinfo`; empty where there is none.
    package init(cpuinfo: String, coreCount: Int) {
        var name = "unknown processor"
        var flags: Set<Substring> = []
        for line in cpuinfo.split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            switch line[..<colon].split(whereSeparator: \.isWhitespace).joined(separator: " ") {
            case "model name": name = String(value)
            case "flags", "Features": flags = Set(value.split(separator: " "))
            default: continue
            }
            // The cores after the first say the same.
            if !flags.isEmpty { break }
        }
        self.name = name
        self.coreCount = coreCount
        instructionSets = Self.relevant.filter { flags.contains(Substring($0)) }
    }

    static func current() -> CPUInformation {
        let text = FileManager.default.contents(atPath: "/proc/cpuinfo").map { String(decoding: $0, as: UTF8.self) }
        return CPUInformation(cpuinfo: text ?? "", coreCount: ProcessInfo.processInfo.activeProcessorCount)
    }
}
