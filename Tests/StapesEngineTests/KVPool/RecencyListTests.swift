import StapesEngine
import StapesTesting
import Testing

@Suite struct RecencyListTests {
    @Test func emptyListHasNoOldest() {
        let list = RecencyList(capacity: 3)
        #expect(list.oldest == nil && list.count == 0)
        #expect(RecencyList(capacity: 0).oldest == nil)
    }

    @Test func oldestIsTheOnePutInFirst() throws {
        var list = RecencyList(capacity: 4)
        for (index, time) in [(2, 5), (0, 6), (3, 6)] { list.append(Int32(index), time: time) }
        #expect(try #require(list.oldest) == (2, 5))
        list.remove(0)
        list.remove(2)
        #expect(try #require(list.oldest) == (3, 6))
        list.append(2, time: 7)
        #expect(try #require(list.oldest) == (3, 6))
        list.remove(3)
        #expect(try #require(list.oldest) == (2, 7))
        list.remove(2)
        #expect(list.oldest == nil)
    }

    @Test(arguments: 0..<20 as Range<UInt64>) func anyOperationsAgreeWithAPlainArray(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let capacity = Int.random(in: 1...12, using: &generator)
        var list = RecencyList(capacity: capacity)
        var model: [(index: Int32, time: Int)] = []
        for time in 0..<500 {
            let index = Int32.random(in: 0..<Int32(capacity), using: &generator)
            switch model.firstIndex(where: { $0.index == index }) {
            case let place?:
                model.remove(at: place)
                list.remove(index)
            case nil:
                model.append((index, time))
                list.append(index, time: time)
            }
            // Now and then all that is left goes, the oldest first.
            while time % 97 == 96, let oldest = list.oldest {
                guard model.first.map({ $0 == oldest }) == true else { break }
                model.removeFirst()
                list.remove(oldest.index)
            }
            guard list.count == model.count, list.oldest?.index == model.first?.index,
                list.oldest?.time == model.first?.time
            else {
                Issue.record("seed \(seed), operation \(time): \(list) is not \(model)")
                return
            }
        }
    }
}
