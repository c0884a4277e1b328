import StapesInstruments
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A count is of the whole process, so these run one by one, and with nothing beside them (`--no-parallel`).
@Suite(.serialized, .enabled(if: AllocationCounts.isAvailable, "cannot count allocations here"))
struct AllocationCountsTests {
    private final class Object {
        let number: Int
        init(_ number: Int) { self.number = number }
    }

    private struct Failure: Error {}

    /// Keeps the optimiser from seeing that nobody uses a value.
    @inline(never) private static func use<Value>(_ value: borrowing Value) {}

    private func count(_ body: () throws -> Void) throws -> AllocationCounts {
        try #require(try AllocationCounts.count(body))
    }

    /// The count with the least in it. The test runner's own threads may do something meanwhile, but not every time.
    private func quietest(_ body: () throws -> Void) throws -> AllocationCounts {
        var counts: [AllocationCounts] = []
        for _ in 0..<10 { counts.append(try count(body)) }
        return try #require(counts.min { $0.sum < $1.sum })
    }

    @Test func nothingDoneCountsNothing() throws {
        #expect(try quietest {}.sum == 0)
    }

    @Test func workWithoutObjectsCountsNothing() throws {
        let numbers = UnsafeMutableBufferPointer<Int>.allocate(capacity: 1000)
        defer { numbers.deallocate() }
        numbers.initialize(repeating: 3)
        let counts = try quietest {
            for index in 0..<1000 { numbers[index] &+= index }
        }
        #expect(counts.sum == 0)
        #expect(numbers[999] == 3 + 10 * 999)
    }

    @Test func everyObjectIsAnAllocationAndARelease() throws {
        let objects = UnsafeMutablePointer<Object?>.allocate(capacity: 100)
        defer { objects.deallocate() }
        objects.initialize(repeating: nil, count: 100)
        let counts = try quietest {
            for index in 0..<100 { objects[index] = Object(index) }
            for index in 0..<100 { objects[index] = nil }
        }
        #expect(counts == AllocationCounts(allocations: 100, retains: 0, releases: 100))
    }

    @Test func everyArrayIsAnAllocation() throws {
        var arrays = [[Int]](repeating: [], count: 100)
        let counts = try count {
            for index in 0..<100 { arrays[index] = [Int](repeating: index, count: 10) }
        }
        #expect(counts.allocations >= 100)
        #expect(arrays[99][9] == 99)
    }

    /// The text is put together, and its memory taken, inside the standard library.
    @Test func allocationsOfTheStandardLibraryAreCounted() throws {
        var lengths = 0
        let counts = try count {
            for index in 0..<50 { lengths += String(repeating: "stapes", count: 10 + index).utf8.count }
        }
        #expect(counts.allocations >= 50)
        #expect(lengths > 0)
    }

    #if canImport(Glibc)
        @Test func everyFunctionOfTheHeapIsCountedOnce() throws {
            typealias Memalign = @convention(c) (Int, Int) -> UnsafeMutableRawPointer?
            // The only one that the Glibc module leaves out.
            let memalign = unsafeBitCast(try #require(dlsym(nil, "memalign")), to: Memalign.self)
            let memory = UnsafeMutablePointer<UnsafeMutableRawPointer?>.allocate(capacity: 6)
            defer { memory.deallocate() }
            memory.initialize(repeating: nil, count: 6)
            let counts = try quietest {
                for index in 0..<6 { free(memory[index]) }
                memory[0] = malloc(24)
                memory[1] = calloc(3, 8)
                memory[0] = realloc(memory[0], 4096)
                _ = posix_memalign(memory + 2, 64, 100)
                memory[3] = aligned_alloc(128, 256)
                memory[4] = memalign(256, 100)
                memory[5] = UnsafeMutableRawPointer(strdup(memory[1]!.assumingMemoryBound(to: CChar.self)))
            }
            #expect(counts == AllocationCounts(allocations: 7, retains: 0, releases: 0))
            for (index, alignment) in [16, 16, 64, 128, 256, 1].enumerated() {
                #expect(memory[index] != nil && Int(bitPattern: memory[index]) % alignment == 0)
                free(memory[index])
            }
            #expect(posix_memalign(memory, 24, 100) == EINVAL)
        }
    #endif

    @inline(never) private func copies(of object: Object, into objects: inout [Object?]) {
        for index in objects.indices { objects[index] = object }
    }

    @Test func copiesOfAReferenceAreRetains() throws {
        let object = Object(7)
        var objects = [Object?](repeating: nil, count: 100)
        let counts = try count { copies(of: object, into: &objects) }
        #expect(counts.retains >= 100)
        let freed = try count { copies(of: Object(8), into: &objects) }
        #expect(freed.releases >= 100)
        #expect(objects[99]?.number == 8)
    }

    /// The copy is made by the runtime, for a type that is known only there.
    @Test func retainsOfTheRuntimeAreCounted() throws {
        let existentials: [Any] = (0..<100).map { Object($0) }
        let counts = try count {
            var copy = existentials
            copy.append(0)
            Self.use(copy)
        }
        #expect(counts.retains >= 100 && counts.releases >= 100)
    }

    /// Up to 15 bytes of text lie in the reference itself. Of 9 bytes and more its low bits look like an address.
    @Test func shortTextsAreNoObjects() throws {
        let texts = UnsafeMutablePointer<String>.allocate(capacity: 16)
        let copies = UnsafeMutablePointer<String>.allocate(capacity: 16)
        defer {
            texts.deallocate()
            copies.deallocate()
        }
        for length in 0..<16 {
            let text = String(decoding: repeatElement(UInt8(ascii: "z"), count: length), as: UTF8.self)
            (texts + length).initialize(to: text)
            (copies + length).initialize(to: text)
        }
        let counts = try quietest {
            for step in 0..<1000 { Self.copy(texts, to: copies, from: step % 16) }
        }
        #expect(counts.sum == 0)
        #expect((0..<16).map { copies[$0].utf8.count } == (0..<16).map { (999 + $0) % 16 })
    }

    @inline(never) private static func copy<Value>(
        _ values: UnsafeMutablePointer<Value>, to copies: UnsafeMutablePointer<Value>, from first: Int
    ) {
        for index in 0..<16 { copies[index] = values[(first + index) % 16] }
    }

    @Test func otherThreadsAreCounted() throws {
        var thread = pthread_t()
        var result: Int32 = -1
        let counts = try count {
            result = pthread_create(
                &thread, nil,
                { _ in
                    var objects = [Object?](repeating: nil, count: 1000)
                    for index in 0..<1000 { objects[index] = Object(index) }
                    AllocationCountsTests.use(objects)
                    return nil
                }, nil)
            pthread_join(thread, nil)
        }
        #expect(result == 0)
        #expect(counts.allocations >= 1001 && counts.releases >= 1000)
    }

    @Test func manyThreadsLoseNothing() throws {
        let work: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { _ in
            var latest = [Object?](repeating: nil, count: 8)
            for index in 0..<20_000 { latest[index % 8] = Object(index) }
            AllocationCountsTests.use(latest)
            return nil
        }
        var threads = [pthread_t](repeating: pthread_t(), count: 4)
        let counts = try count {
            for index in threads.indices { _ = pthread_create(&threads[index], nil, work, nil) }
            for thread in threads { pthread_join(thread, nil) }
        }
        #expect(counts.allocations >= 80_000 && counts.releases >= 80_000)
    }

    @Test func theRuntimeCallsUsOnlyDuringACount() throws {
        let name = "_swift_enableSwizzlingOfAllocationAndRefCountingFunctions_forInstrumentsOnly"
        let isOn = try #require(dlsym(nil, name)).assumingMemoryBound(to: Bool.self)
        var duringCount = false
        _ = try count { duringCount = isOn.pointee }
        #expect(duringCount)
        #expect(!isOn.pointee)
    }

    @Test func aCountInsideACountEndsTheProcess() async {
        await #expect(processExitsWith: .failure) {
            _ = AllocationCounts.count { _ = AllocationCounts.count {} }
        }
    }

    @Test func aCountEndsWithTheErrorOfItsBody() throws {
        #expect(throws: Failure.self) { try AllocationCounts.count { throw Failure() } }
        #expect(try quietest {}.sum == 0)
    }
}

extension AllocationCounts {
    fileprivate var sum: Int { allocations + retains + releases }
}
