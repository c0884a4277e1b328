import StapesCommand
import Testing

@Suite struct OrderedTranscriptTests {
    /// Every order in which three files with two pieces each can end.
    @Test func textComesInFileOrderWhateverOrderTheFilesEndIn() {
        for order in permutations([0, 1, 2]) {
            var transcript = OrderedTranscript()
            var printed = ""
            for piece in ["1", "2"] {
                for file in order { printed += transcript.append("\(file).\(piece) ", file: file) }
            }
            for file in order { printed += transcript.finish(file: file) }
            #expect(printed == "0.1 0.2 1.1 1.2 2.1 2.2 ", "order \(order)")
        }
    }

    @Test func textOfTheFirstUnfinishedFilePassesAtOnce() {
        var transcript = OrderedTranscript()
        #expect(transcript.append("b", file: 1) == "")
        #expect(transcript.append("a", file: 0) == "a")
        #expect(transcript.finish(file: 0) == "b")
        #expect(transcript.append("c", file: 1) == "c")
    }

    private func permutations(_ items: [Int]) -> [[Int]] {
        if items.isEmpty { return [[]] }
        return items.flatMap { first in permutations(items.filter { $0 != first }).map { [first] + $0 } }
    }
}
