/// An error-rate report for reading.
package enum WERTable {
    /// - Parameter listsFiles: also every file with errors, worst first.
    package static func text(of report: WERReport, listsFiles: Bool) -> String {
        var text = "model \(report.model), \(report.device), \(report.computeType)\n\n"
        var rows = [["category", "files", "errors", "words", "rate"]]
        for (name, category) in report.categories.sorted(by: { $0.key < $1.key }) {
            rows.append([
                name.isEmpty ? "-" : name, "\(category.files)", "\(category.errors)", "\(category.words)",
                percent(category.errorRate),
            ])
        }
        rows.append(["total", "\(report.files)", "\(report.errors)", "\(report.words)", percent(report.errorRate)])
        text += TextTable.text(of: rows)
        text +=
            "\n\(report.audioSeconds.fixed(1)) s of audio in \(report.wallSeconds.fixed(1)) s, "
            + "\((report.rtfx ?? 0).fixed(1)) x real time\n"
        if !report.refused.isEmpty { text += "\nrefused, as they should be: \(report.refused.count)\n" }
        if !report.failed.isEmpty {
            text += "\nfailed:\n" + report.failed.map { "  \($0.audio): \($0.error)\n" }.joined()
        }
        if listsFiles {
            let wrong = report.results.filter { ($0.errors ?? 0) > 0 }
                .sorted { ($0.errors ?? 0, $1.audio) > ($1.errors ?? 0, $0.audio) }
            for result in wrong {
                text += "\n\(result.audio): \(result.errors ?? 0) of \(result.words ?? 0)\n"
                text += "  reference: \(result.reference)\n  text:      \(result.text ?? "")\n"
            }
        }
        return text
    }

    private static func percent(_ rate: Double?) -> String {
        rate.map { ($0 * 100).fixed(2) + " %" } ?? "-"
    }
}
