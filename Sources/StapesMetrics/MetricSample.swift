/// What one metric held at one moment.
package struct MetricSample: Sendable, Equatable {
    package enum Value: Sendable, Equatable {
        /// Only ever grows, but for a reset. Whole numbers are exact below 2^53.
        case counter(Double)
        /// Goes both ways.
        case gauge(Double)
        case histogram(Histogram)
    }

    /// How measurements were spread.
    package struct Histogram: Sendable, Equatable {
        /// All measurements, those above the last bucket included.
        package let count: Int
        package let sum: Double
        /// By rising bound. There is none for infinity: it would hold `count`.
        package let buckets: [Bucket]

        package init(count: Int, sum: Double, buckets: [Bucket]) {
            self.count = count
            self.sum = sum
            self.buckets = buckets
        }
    }

    package struct Bucket: Sendable, Equatable {
        package let upperBound: Double
        /// Measurements of at most `upperBound`, those of the buckets before this one included.
        package let cumulativeCount: Int

        package init(upperBound: Double, cumulativeCount: Int) {
            self.upperBound = upperBound
            self.cumulativeCount = cumulativeCount
        }
    }

    package let key: MetricKey
    package let value: Value

    package var label: String { key.label }
    /// Sorted by name.
    package var dimensions: [MetricKey.Dimension] { key.dimensions }

    package init(_ key: MetricKey, _ value: Value) {
        self.key = key
        self.value = value
    }
}
