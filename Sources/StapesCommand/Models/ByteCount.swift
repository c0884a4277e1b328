enum ByteCount {
    /// Three digits and a decimal unit: `145 MB`, `3.09 GB`.
    static func words(_ count: Int) -> String {
        let units = ["B", "kB", "MB", "GB", "TB"]
        var (value, unit) = (Double(count), 0)
        while value >= 999.5 && unit < units.count - 1 { (value, unit) = (value / 1000, unit + 1) }
        return "\(value.fixed(unit == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2)) \(units[unit])"
    }
}
