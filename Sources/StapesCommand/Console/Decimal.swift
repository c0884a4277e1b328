extension Double {
    /// The number with a fixed count of decimals, rounded; `-` when it is not finite.
    func fixed(_ decimals: Int) -> String {
        guard isFinite, magnitude < 1e15 else { return "-" }
        var scale = 1
        for _ in 0..<decimals { scale *= 10 }
        let scaled = Int((magnitude * Double(scale)).rounded())
        let sign = self < 0 && scaled != 0 ? "-" : ""
        guard decimals > 0 else { return "\(sign)\(scaled)" }
        let fraction = String(scaled % scale)
        return "\(sign)\(scaled / scale)." + String(repeating: "0", count: decimals - fraction.count) + fraction
    }
}

extension Duration {
    var seconds: Double { self / .seconds(1) }
}
