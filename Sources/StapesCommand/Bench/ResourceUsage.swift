import Glibc

enum ResourceUsage {
    /// The most memory that this process has had resident so far.
    static func peakResidentByteCount() -> Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        // Linux counts in KiB.
        return Int(usage.ru_maxrss) * 1024
    }

    /// What this process has had of the processor so far, in itself and in the kernel.
    static func processorSeconds() -> Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) * 1e-6 }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }
}
