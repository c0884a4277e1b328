import StapesCommand
import Testing

@Suite struct ProgressLineTests {
    @Test func lineTellsNamePercentSecondsAndSpeed() {
        let bar = ProgressLine(label: "talk.mp3", doneSeconds: 60, totalSeconds: 120, elapsedSeconds: 5)
        #expect(bar.line(columns: 80) == "talk.mp3 [####-----]  50% 60/120 s, 12.0 x real time")
    }

    @Test(arguments: 1...100)
    func lineStaysWithinTheTerminal(_ columns: Int) {
        let name = "a rather long name of a recording, 2024-11-23 at noon, second take.flac"
        let bar = ProgressLine(label: name, doneSeconds: 119.7, totalSeconds: 120, elapsedSeconds: 9.9)
        #expect(bar.line(columns: columns).count <= columns - 1)
    }

    @Test func wideCharactersCountTwice() {
        let bar = ProgressLine(
            label: String(repeating: "語", count: 60), doneSeconds: 0, totalSeconds: 1, elapsedSeconds: 0)
        let line = bar.line(columns: 80)
        #expect(line.count + line.count { $0 == "語" } <= 79)
        #expect(line.contains("語"))
    }

    @Test func bytesAreToldWithTheSpeedOfTheFreshOnes() {
        let bar = ProgressLine(
            label: "base model.bin", doneBytes: 72_500_000, totalBytes: 145_000_000, freshBytes: 20_000_000,
            elapsedSeconds: 2)
        #expect(bar.line(columns: 80) == "base model.bin [####-----]  50% 72.5 MB of 145 MB, 10.0 MB/s")
    }

    @Test func speedOfTheFirstBytesIsNotTold() {
        let bar = ProgressLine(label: "a", doneBytes: 5, totalBytes: 0, freshBytes: 5, elapsedSeconds: 0.1)
        #expect(bar.line(columns: 80) == "a [---------]   0% 5 B of 0 B")
    }

    @Test func unknownLengthGivesNoPercentAboveZero() {
        let bar = ProgressLine(label: "a", doneSeconds: 3, totalSeconds: 0, elapsedSeconds: 0)
        #expect(bar.line(columns: 80) == "a [---------]   0% 3/0 s, - x real time")
    }
}
