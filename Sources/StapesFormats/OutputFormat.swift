/// A file format for transcripts; the raw value is the file name's extension.
package enum OutputFormat: String, CaseIterable, Sendable, Hashable {
    case txt, vtt, srt, tsv, json

    /// The formats of a comma-separated list, in its order and each once; `all` stands for every format.
    /// - Throws: `FormatError` with code `unknownFormat`.
    package static func parse(list: String) throws(FormatError) -> [OutputFormat] {
        var formats: [OutputFormat] = []
        for item in list.split(separator: ",", omittingEmptySubsequences: false) {
            let name = item.filter { $0 != " " }.lowercased()
            let named: [OutputFormat]
            if name == "all" {
                named = allCases
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
