import StapesAPI
import Testing

@Suite("The audio of a turn")
struct TurnAudioTests {
    @Test("All that waits comes at once, then the end")
    func coalesces() async throws {
        let audio = TurnAudio()
        audio.add([1, 2])
        audio.add([3])
        var iterator = audio.makeAsyncIterator()
        #expect(try await iterator.next() == [1, 2, 3])
        audio.add([4])
        audio.end()
        audio.add([5])
        #expect(try await iterator.next() == [4])
        #expect(try await iterator.next() == nil)
    }

    @Test("A listener is woken by audio, the end and nothing else")
    func wakes() async throws {
        let audio = TurnAudio()
        async let heard = audio.reduce(into: [Float]()) { $0 += $1 }
        for value in 0..<100 {
            audio.add([Float(value)])
            audio.add([])
            await Task.yield()
        }
        audio.end()
        #expect(try await heard == (0..<100).map(Float.init))
    }

    @Test("What is cancelled ends with an error, though audio waits", arguments: [true, false])
    func cancels(byTask: Bool) async throws {
        let audio = TurnAudio()
        let task = Task { try await audio.reduce(0) { $0 + $1.count } }
        audio.add([1])
        if byTask { task.cancel() } else { audio.cancel() }
        await #expect(throws: CancellationError.self) { try await task.value }
        audio.add([1])
        var iterator = audio.makeAsyncIterator()
        await #expect(throws: CancellationError.self) { try await iterator.next() }
    }
}
