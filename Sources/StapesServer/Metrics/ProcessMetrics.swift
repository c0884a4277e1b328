import Glibc
import StapesMetrics

/// What the system says of this process, under Prometheus's usual names.
enum ProcessMetrics {
    static var samples: [MetricSample] {
        [
            residentBytes.map { MetricSample(MetricKey("process_resident_memory_bytes"), .gauge($0)) },
            openFiles.map { MetricSample(MetricKey("process_open_fds"), .gauge($0)) },
            processorSeconds.map { MetricSample(MetricKey("process_cpu_seconds_total"), .counter($0)) },
        ].compactMap(\.self)
    }

    /// The second number of `/proc/self/statm`, in pages.
    private static var residentBytes: Double? {
        guard let file = fopen("/proc/self/statm", "r") else { return nil }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        guard fgets(&line, Int32(line.count), file) != nil else { return nil }
        let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        let fields = text.split(separator: " ")
        guard fields.count > 1, let pages = Double(fields[1]) else { return nil }
        return pages * Double(sysconf(Int32(_SC_PAGESIZE)))
    }

    private static var openFiles: Double? {
        guard let folder = opendir("/proc/self/fd") else { return nil }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        // Two entries are the folder and the one above it, one is the descriptor by which it is read.
        return Double(max(0, count - 3))
    }

    private static var processorSeconds: Double? {
        var usage = rusage()
        guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return nil }
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }
}
