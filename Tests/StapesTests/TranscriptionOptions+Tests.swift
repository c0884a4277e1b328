import Stapes

extension TranscriptionOptions {
    static func with(_ change: (inout TranscriptionOptions) -> Void) -> TranscriptionOptions {
        var options = TranscriptionOptions()
        change(&options)
        return options
    }

    /// Of English speech, at temperature 0 unless `change` says otherwise.
    static func english(_ change: (inout TranscriptionOptions) -> Void = { _ in }) -> TranscriptionOptions {
        with {
            $0.language = "en"
            $0.temperatures = [0]
            change(&$0)
        }
    }
}
