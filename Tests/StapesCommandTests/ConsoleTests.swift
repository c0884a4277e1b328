import Glibc
import StapesCommand
import Testing

@Suite struct ConsoleTests {
    @Test func messageNamesTheFileOnceAndStaysOnOneLine() throws {
        let recorded = try RecordedConsole()
        recorded.console.error("no such file", file: "a.wav")
        recorded.console.error("a.wav: no\nsuch file", file: "a.wav")
        recorded.console.error("cannot decode 'a.wav': it is empty", file: "a.wav")
        #expect(
            recorded.messages == """
                stapes: a.wav: no such file
                stapes: a.wav: no such file
                stapes: a.wav: cannot decode: it is empty

                """)
        #expect(recorded.output == "")
    }

    @Test func warningIsALineOfItsOwnUnlessUnwanted() throws {
        let recorded = try RecordedConsole()
        recorded.console.warning("slow\nway")
        #expect(recorded.messages == "stapes: warning: slow way\n")
        let quiet = try RecordedConsole(showsWarnings: false)
        quiet.console.warning("slow way")
        #expect(quiet.messages == "")
    }

    @Test func fullDiskIsReportedOnce() throws {
        let recorded = try RecordedConsole(outputPath: "/dev/full")
        recorded.console.result("one\n")
        recorded.console.result("two\n")
        #expect(recorded.outputFailures == [ENOSPC])
    }

    @Test func progressIsErasedBeforeTextAndDrawnAgain() throws {
        let recorded = try RecordedConsole(showsProgress: true)
        let bar = ProgressLine(label: "a", doneSeconds: 1, totalSeconds: 2, elapsedSeconds: 1)
        recorded.console.progress(bar)
        recorded.console.result("text\n")
        recorded.console.endProgress()
        let line = "\r\(bar.line(columns: 80))\u{1B}[K"
        #expect(recorded.messages == line + "\r\u{1B}[K" + line + "\r\u{1B}[K")
        #expect(recorded.output == "text\n")
    }

    @Test func progressIsDrawnAtMostTenTimesASecond() throws {
        let recorded = try RecordedConsole(showsProgress: true)
        let start = ContinuousClock.now
        for step in 0..<100 {
            let bar = ProgressLine(label: "a", doneSeconds: Double(step), totalSeconds: 100, elapsedSeconds: 1)
            recorded.console.progress(bar, now: start + .milliseconds(10 * step))
        }
        #expect(recorded.messages.count { $0 == "\r" } == 10)
    }

    @Test func progressIsSilentWhenNotWanted() throws {
        let recorded = try RecordedConsole(showsProgress: false)
        recorded.console.progress(ProgressLine(label: "a", doneSeconds: 1, totalSeconds: 2, elapsedSeconds: 1))
        recorded.console.endProgress()
        #expect(recorded.messages == "")
    }
}
