/// The content of a transcript file: the reference's five formats byte for byte as it writes them, CSV and LRC after
/// whisper.cpp.
///
/// JSON differs in one way: letters outside ASCII stand for themselves, where the reference's writer escapes them. The
/// others differ where a text would break the file: see `SafeText.swift`.
///
/// - Parameter layout: for subtitles of a transcript with word times.
package func render(
    _ transcript: TranscriptView, as format: OutputFormat, layout: LayoutOptions = LayoutOptions()
) -> String {
    switch format {
    case .txt: renderText(transcript)
    case .vtt: renderSubtitles(transcript, style: .webVTT, layout: layout)
    case .srt: renderSubtitles(transcript, style: .subRip, layout: layout)
    case .tsv: renderTabTable(transcript)
    case .json: renderJSON(transcript)
    case .jsonl: transcript.segments.map(renderLine).joined()
    case .lrc: renderLyrics(transcript)
    case .csv: renderCommaTable(transcript)
    }
}
