/// A number in memory that handles write and snapshots read.
///
/// There is one class for each kind of metric rather than for each kind of handle: whole and floating-point counters
/// of one label are one counter, a meter and a recorder that does not aggregate one gauge, a timer and a recorder that
/// does one histogram.
protocol MetricValue: AnyObject, Sendable {
    var key: MetricKey { get }
    var current: MetricSample.Value { get }
}
