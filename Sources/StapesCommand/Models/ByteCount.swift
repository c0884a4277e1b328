enum ByteCount {
    /// Three digits and a decimal unit: `145 MB`, `3.09 GB`.
    static func words(_ count: Int) -> String {
        let units = ["B", "kB", "MB", "GB", "TB"]
        var (value, unit) = (Double(count), 0)
        while value >= 999.5 && unit < units.count - 1 { (value, unit) = (value / 1000, unit + 1) }
        let places = unit == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2
        return "\(fixed(value, places: places)) \(units[unit])"
    }

    private static func fixed(_ value: Double, places: Int) -> String {
        let scale = [1, 10, 100][places]
        let scaled = Int((value * Double(scale)).rounded())
        guard places > 0 else { return "\(scaled)" }
        let fraction = String(scaled % scale)
        return "\(scaled / scale)." + String(repeating: "0", count: places - fraction.count) + fraction
    }
}
