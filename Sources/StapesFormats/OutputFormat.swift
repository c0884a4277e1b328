/// A file format for transcripts; the raw value is the file name's extension.
package enum OutputFormat: String, CaseIterable, Sendable, Hashable {
    case txt, vtt, srt, tsv, json, jsonl, lrc, csv

    /// What `all` stands for: the reference's formats, so that scripts written for it find the files they expect and no
    /// others. The rest is written when it is named.
    package static let all: [OutputFormat] = [.txt, .vtt, .srt, .tsv, .json]

    /// The formats of a comma-separated list, in its order and each once.
    /// - Throws: `FormatError` with code `unknownFormat`.
    package static func parse(list: String) throws(FormatError) -> [OutputFormat] {
        var formats: [OutputFormat] = []
        for item in list.split(separator: ",", omittingEmptySubsequences: false) {
            let name = item.filter { $0 != " " }.lowercased()
            let named: [OutputFormat]
            if name == "all" {
                named = all
            } else if let format = OutputFormat(rawValue: name) {
                named = [format]
            } else {
                throw FormatError.unknownFormat(name: String(item))
            }
            for format in named where !formats.contains(format) {
                formats.append(format)
            }
        }
        return formats
    }
}
