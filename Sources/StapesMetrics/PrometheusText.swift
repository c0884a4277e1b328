/// Writes samples as Prometheus reads them: the text exposition format, version 0.0.4.
///
/// Labels become names as they are, but for characters that a name may not have; no unit and no `_total` is added.
/// Two labels must not become one name ("a.b" and "a_b"), and no dimension of a histogram may be called `le`.
package enum PrometheusText {
    /// The value of the `Content-Type` header.
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    package static func render(_ samples: [MetricSample]) -> String {
        // Samples of one name must stand together, under one line that gives their type.
        let families = Dictionary(grouping: samples) { metricName($0.label) }
        var text = ""
        for (name, samples) in families.sorted(by: { $0.key < $1.key }) {
            text += "# TYPE \(name) \(type(of: samples[0].value))\n"
            for sample in samples { append(sample, as: name, to: &text) }
        }
        return text
    }

    private static func append(_ sample: MetricSample, as name: String, to text: inout String) {
        let labels = sample.dimensions.map { "\(labelName($0.name))=\"\(escaped($0.value))\"" }
        func line(_ suffix: String, _ labels: [String], _ number: String) {
            text += name + suffix + (labels.isEmpty ? "" : "{\(labels.joined(separator: ","))}") + " \(number)\n"
        }
        switch sample.value {
        case .counter(let value), .gauge(let value):
            line("", labels, number(value))
        case .histogram(let histogram):
            for bucket in histogram.buckets {
                line("_bucket", labels + ["le=\"\(number(bucket.upperBound))\""], "\(bucket.cumulativeCount)")
            }
            line("_bucket", labels + ["le=\"+Inf\""], "\(histogram.count)")
            line("_sum", labels, number(histogram.sum))
            line("_count", labels, "\(histogram.count)")
        }
    }

    private static func type(of value: MetricSample.Value) -> String {
        switch value {
        case .counter: "counter"
        case .gauge: "gauge"
        case .histogram: "histogram"
        }
    }

    /// `[a-zA-Z_:][a-zA-Z0-9_:]*`
    static func metricName(_ label: String) -> String { name(label, allowsColon: true) }

    /// `[a-zA-Z_][a-zA-Z0-9_]*`
    static func labelName(_ dimension: String) -> String { name(dimension, allowsColon: false) }

    private static func name(_ text: String, allowsColon: Bool) -> String {
        var name = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", "_": name.append(scalar)
            case ":" where allowsColon: name.append(scalar)
            default: name.append("_")
            }
        }
        // A digit may not come first, and something must.
        if name.first.map({ ("0"..."9").contains($0) }) ?? true { name.insert("_", at: name.startIndex) }
        return String(name)
    }

    /// By scalars: a line feed after a carriage return is no character of its own.
    static func escaped(_ value: String) -> String {
        var text = String.UnicodeScalarView()
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": text.append(contentsOf: #"\\"#.unicodeScalars)
            case "\"": text.append(contentsOf: #"\""#.unicodeScalars)
            case "\n": text.append(contentsOf: #"\n"#.unicodeScalars)
            default: text.append(scalar)
            }
        }
        return String(text)
    }

    /// As Go reads it, and whole numbers without a fraction.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return Int64(exactly: value).map(String.init) ?? "\(value)"
    }
}
