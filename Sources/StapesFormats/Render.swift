/// The content of a transcript file, byte for byte what the reference writes.
///
/// JSON differs in one way: letters outside ASCII stand for themselves, where the reference's writer escapes them.
package func render(_ transcript: TranscriptView, as format: OutputFormat) -> String {
    switch format {
    case .txt: renderText(transcript)
    case .vtt: renderSubtitles(transcript, style: .webVTT)
    case .srt: renderSubtitles(transcript, style: .subRip)
    case .tsv: renderTable(transcript)
    case .json: renderJSON(transcript)
    }
}
