/// The version that `--version` and `doctor` report.
package enum Version {
    package static let current = "0.1.0"
}
