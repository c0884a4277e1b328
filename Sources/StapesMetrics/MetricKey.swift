/// What two handles must agree on to share one value: the label, and the dimensions in any order.
package struct MetricKey: Sendable, Hashable, Comparable {
    package struct Dimension: Sendable, Hashable, Comparable {
        package let name: String
        package let value: String

        package static func < (left: Self, right: Self) -> Bool {
            (left.name, left.value) < (right.name, right.value)
        }
    }

    package let label: String
    /// Sorted by name.
    package let dimensions: [Dimension]

    package init(_ label: String, _ dimensions: some Sequence<(String, String)> = []) {
        self.label = label
        self.dimensions = dimensions.map { Dimension(name: $0.0, value: $0.1) }.sorted()
    }

    /// By label, then by dimensions.
    package static func < (left: Self, right: Self) -> Bool {
        left.label == right.label
            ? left.dimensions.lexicographicallyPrecedes(right.dimensions) : left.label < right.label
    }
}
