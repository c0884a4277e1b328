import Glibc

enum ResourceUsage {
    /// The most memory that this process has had resident so far.
    static func peakResidentByteCount() -> Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        // Linux counts in KiB.
        return Int(usage.ru_maxrss) * 1024
    }
}
