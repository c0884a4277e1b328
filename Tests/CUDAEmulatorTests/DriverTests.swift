import CUDADriver
import CUDAEmulator
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// One at a time: there is one fake driver in a process.
@Suite(.serialized) struct CUDAEmulatorTests {}

extension CUDAEmulatorTests {
    /// The rules of the fake driver.
    @Suite struct Driver {
        /// Whether the kernel can read a byte there on our behalf.
        private func isReadable(_ pointer: stapes_cu_pointer) -> Bool {
            var ends: [Int32] = [0, 0]
            guard pipe(&ends) == 0 else { return false }
            defer { for end in ends { close(end) } }
            return write(ends[1], UnsafeRawPointer(bitPattern: UInt(pointer)), 1) == 1
        }

        @Test func deviceMemoryCannotBeReadByTheHost() throws {
            let gpu = try FakeGPU()
            let memory = try gpu.allocate(4096)
            #expect(!isReadable(memory))
            try check(gpu.launch("fill", memory, value: 1))
            try check(gpu.driver.stream_synchronize(gpu.stream))
            #expect(!isReadable(memory))
            #expect(gpu.peek(memory) == 1)
        }

        @Test func freshMemoryIsNaN() throws {
            let gpu = try FakeGPU()
            let memory = try gpu.allocate(4)
            #expect(gpu.peek(memory).isNaN)
            try check(gpu.driver.memory_free(memory))
            var value: Float = 0
            #expect(!stapes_fake_cuda_peek(&value, memory, 4))
        }

        @Test func workRunsWhenSomebodyWaits() throws {
            let gpu = try FakeGPU()
            let memory = try gpu.allocate(4)
            try check(gpu.launch("fill", memory, value: 3))
            #expect(gpu.peek(memory).isNaN)
            #expect(stapes_fake_cuda_kernel_count(STAPES_FAKE_RUN) == 0)
            try check(gpu.driver.stream_synchronize(gpu.stream))
            #expect(gpu.peek(memory) == 3)
            #expect(stapes_fake_cuda_kernel_name(STAPES_FAKE_RUN, 0).map { String(cString: $0) } == "test_fill")
        }

        @Test func eagerWorkRunsAtOnce() throws {
            let gpu = try FakeGPU(
                stapes_fake_cuda_options(
                    device_count: 1, memory_bytes: 1 << 20, multiprocessors: 1, not_ready_count: 0, eager: true))
            let memory = try gpu.allocate(4)
            try check(gpu.launch("fill", memory, value: 3))
            #expect(gpu.peek(memory) == 3)
        }

        @Test func pageLockedMemoryIsReadWhenTheCopyRuns() throws {
            let gpu = try FakeGPU()
            let memory = try gpu.allocate(4)
            let pinned = try gpu.allocatePinned(1)
            pinned[0] = 1
            try check(gpu.driver.copy_to_device(memory, pinned, 4, gpu.stream))
            // Too soon: the copy has not run.
            pinned[0] = 2
            try check(gpu.driver.stream_synchronize(gpu.stream))
            #expect(gpu.peek(memory) == 2)

            var pageable: Float = 3
            try check(gpu.driver.copy_to_device(memory, &pageable, 4, gpu.stream))
            pageable = 4
            try check(gpu.driver.stream_synchronize(gpu.stream))
            #expect(gpu.peek(memory) == 3)
        }

        @Test func aCopyToPageableMemoryWaits() throws {
            let gpu = try FakeGPU()
            let memory = try gpu.allocate(4)
            let pinned = try gpu.allocatePinned(1)
            try check(gpu.launch("fill", memory, value: 5))
            try check(gpu.driver.copy_to_host(pinned, memory, 4, gpu.stream))
            #expect(pinned[0].isNaN)
            var pageable: Float = 0
            try check(gpu.driver.copy_to_host(&pageable, memory, 4, gpu.stream))
            #expect(pageable == 5)
            #expect(pinned[0] == 5)
            #expect(stapes_fake_cuda_copies().to_host_bytes == 8)
        }

        @Test func aStreamRunsWhatItWaitsForInAnother() throws {
            let gpu = try FakeGPU()
            let memory = try gpu.allocate(4)
            let other = try gpu.makeStream()
            let event = try gpu.makeEvent()
            try check(gpu.launch("fill", memory, value: 1, on: other))
            try check(gpu.driver.event_record(event, other))
            try check(gpu.launch("fill", memory, value: 9, on: other))
            try check(gpu.driver.stream_wait_event(gpu.stream, event, 0))
            try check(gpu.launch("add", memory, input: memory))
            try check(gpu.driver.stream_synchronize(gpu.stream))
            #expect(gpu.peek(memory) == 2)
            try check(gpu.driver.stream_synchronize(other))
            #expect(gpu.peek(memory) == 9)
        }

        @Test func anEventIsNotReadyAsOftenAsAskedFor() throws {
            let gpu = try FakeGPU(
                stapes_fake_cuda_options(
                    device_count: 0, memory_bytes: 0, multiprocessors: 0, not_ready_count: 2, eager: false))
            let memory = try gpu.allocate(4)
            let event = try gpu.makeEvent()
            #expect(gpu.driver.event_query(event) == 0)
            try check(gpu.launch("fill", memory, value: 1))
            try check(gpu.driver.event_record(event, gpu.stream))
            #expect(gpu.driver.event_query(event) == 600)
            #expect(gpu.driver.event_query(event) == 600)
            #expect(gpu.driver.event_query(event) == 0)
            #expect(gpu.peek(memory) == 1)
        }

        @Test func eachDeviceHasAContext() throws {
            let gpu = try FakeGPU(
                stapes_fake_cuda_options(
                    device_count: 2, memory_bytes: 1 << 20, multiprocessors: 0, not_ready_count: 0, eager: false))
            let memory = try gpu.allocate(4)
            var context: OpaquePointer?
            try check(gpu.driver.primary_context_retain(&context, 1))
            try check(gpu.driver.context_set_current(context))
            #expect(gpu.driver.set_bytes(memory, 0, 4, gpu.stream) == 400)
            let other = try gpu.makeStream()
            let there = try gpu.allocate(4)
            try check(gpu.driver.set_bytes(there, 0, 4, other))
            try check(gpu.driver.copy_on_device(memory, there, 4, other))
            try check(gpu.driver.stream_synchronize(other))
            #expect(gpu.peek(memory) == 0)
            try check(gpu.driver.primary_context_release(1))
            #expect(stapes_fake_cuda_live().allocations == 1)
            #expect(stapes_fake_cuda_live().streams == 1)
        }

        @Test func handlesOfAnEarlierDriverAreUnknown() throws {
            let old = try FakeGPU()
            let new = try FakeGPU()
            #expect(new.driver.stream_synchronize(old.stream) == (old.stream == new.stream ? 0 : 400))
            #expect(old.driver.context_set_current(old.context) == (old.context == new.context ? 0 : 201))
        }

        // MARK: Graphs

        @Test func aGraphRunsWithTheArgumentsOfItsCapture() throws {
            let gpu = try FakeGPU()
            let (memory, one) = (try gpu.allocate(4), try gpu.allocate(4))
            let pinned = try gpu.allocatePinned(1)
            try check(gpu.launch("fill", one, value: 1))
            let (result, graph) = try gpu.capture {
                try check(gpu.driver.copy_to_device(memory, pinned, 4, gpu.stream))
                try check(gpu.launch("add", memory, input: one))
            }
            try check(result)
            let exec = try gpu.instantiate(graph)
            try check(gpu.driver.graph_destroy(#require(graph)))
            #expect(gpu.peek(memory).isNaN)
            for value in [Float(10), 20] {
                pinned[0] = value
                try check(gpu.driver.graph_launch(exec, gpu.stream))
                try check(gpu.driver.stream_synchronize(gpu.stream))
                #expect(gpu.peek(memory) == value + 1)
            }
            #expect(stapes_fake_cuda_kernel_count(STAPES_FAKE_LAUNCHED) == 1)
            #expect(stapes_fake_cuda_kernel_count(STAPES_FAKE_CAPTURED) == 1)
            #expect(stapes_fake_cuda_kernel_count(STAPES_FAKE_RUN) == 3)
            try check(gpu.driver.graph_exec_destroy(exec))
            #expect(stapes_fake_cuda_live().graph_execs == 0)
        }

        @Test func allocationAndSynchronisationSpoilACapture() throws {
            let gpu = try FakeGPU()
            let memory = try gpu.allocate(4)
            func spoils(_ body: () throws -> Int32) throws -> [Int32] {
                var inner: Int32 = 0
                let (result, graph) = try gpu.capture { inner = try body() }
                #expect(graph == nil)
                return [inner, result]
            }
            var pointer: stapes_cu_pointer = 0
            #expect(try spoils { gpu.driver.memory_allocate(&pointer, 4) } == [900, 901])
            #expect(try spoils { gpu.driver.memory_free(memory) } == [900, 901])
            #expect(try spoils { gpu.driver.stream_synchronize(gpu.stream) } == [900, 901])
            let event = try gpu.makeEvent()
            #expect(
                try spoils {
                    try check(gpu.driver.event_record(event, gpu.stream))
                    return gpu.driver.event_synchronize(event)
                } == [907, 901])
            let (result, graph) = try gpu.capture {}
            #expect(result == 0 && graph != nil)
        }

        @Test func aForkMustBeJoined() throws {
            let gpu = try FakeGPU()
            let memory = try gpu.allocate(4)
            let other = try gpu.makeStream()
            let (fork, join) = (try gpu.makeEvent(), try gpu.makeEvent())
            for joins in [true, false] {
                let (result, graph) = try gpu.capture {
                    try check(gpu.launch("fill", memory, value: 1))
                    try check(gpu.driver.event_record(fork, gpu.stream))
                    try check(gpu.driver.stream_wait_event(other, fork, 0))
                    try check(gpu.launch("add", memory, input: memory, on: other))
                    try check(gpu.driver.event_record(join, other))
                    if joins { try check(gpu.driver.stream_wait_event(gpu.stream, join, 0)) }
                }
                #expect(result == (joins ? 0 : 904))
                guard joins else { continue }
                try check(gpu.driver.graph_launch(gpu.instantiate(graph), gpu.stream))
                try check(gpu.driver.stream_synchronize(gpu.stream))
                #expect(gpu.peek(memory) == 2)
            }
        }

        @Test func aGraphFailsWhereItsMemoryIsFreed() throws {
            let gpu = try FakeGPU()
            let memory = try gpu.allocate(4)
            let (result, graph) = try gpu.capture { try check(gpu.launch("fill", memory)) }
            try check(result)
            let exec = try gpu.instantiate(graph)
            try check(gpu.driver.memory_free(memory))
            try check(gpu.driver.graph_launch(exec, gpu.stream))
            #expect(gpu.driver.stream_synchronize(gpu.stream) == 700)
            #expect(message == "test_fill: byte 16 of the arguments points to device memory that is not allocated")
        }

        // MARK: Errors

        @Test func calledWithoutAContext() throws {
            let gpu = try FakeGPU()
            try check(gpu.driver.context_set_current(nil))
            var pointer: stapes_cu_pointer = 0
            #expect(gpu.driver.memory_allocate(&pointer, 4) == 201)
            try check(gpu.driver.context_set_current(gpu.context))
            #expect(gpu.driver.memory_allocate(&pointer, 4) == 0)
        }

        @Test func aFailedKernelFailsTheSynchronisationAndAllAfter() throws {
            let gpu = try FakeGPU()
            let memory = try gpu.allocate(4)
            try check(gpu.launch("ends", memory, wrong: true))
            #expect(gpu.driver.stream_synchronize(gpu.stream) == 719)
            #expect(message.contains("thread (1, 0, 0)"))
            #expect(gpu.driver.set_bytes(memory, 0, 4, gpu.stream) == 719)
            #expect(gpu.driver.memory_free(memory) == 719)
        }

        @Test func aWriteBehindAnAllocationIsFound() throws {
            let gpu = try FakeGPU()
            let memory = try gpu.allocate(40)
            try check(gpu.launch("fill", memory, count: 11))
            #expect(gpu.driver.stream_synchronize(gpu.stream) == 700)
            #expect(message == "test_fill: byte 40 of an allocation of 40 was written")
        }

        @Test func anAccessFarOutsideIsAnErrorAndNoCrash() throws {
            let gpu = try FakeGPU()
            let memory = try gpu.allocate(4)
            // Within the addresses of the device, so that it hits nothing of the host's.
            try check(gpu.launch("wild", memory, count: 1 << 28))
            #expect(gpu.driver.stream_synchronize(gpu.stream) == 700)
            #expect(message.contains("test_wild, block (0, 0, 0), thread (5, 0, 0): cannot access address"))
            // And again, in a driver of its own.
            let next = try FakeGPU()
            let fresh = try next.allocate(4)
            try check(next.launch("deep", fresh))
            #expect(next.driver.stream_synchronize(next.stream) == 700)
            #expect(message.contains("test_deep, block (0, 0, 0), thread (0, 0, 0): needs more than"))
        }

        @Test func pointersOfTheHostAndFreedOnesAreRefused() throws {
            let gpu = try FakeGPU()
            let freed = try gpu.allocate(4)
            try check(gpu.driver.memory_free(freed))
            #expect(try gpu.launch("fill", freed) == 1)
            let host = UnsafeMutablePointer<Float>.allocate(capacity: 1)
            defer { host.deallocate() }
            #expect(try gpu.launch("fill", stapes_cu_pointer(UInt(bitPattern: host))) == 1)
            #expect(message.contains("points to the host's memory"))
            let memory = try gpu.allocate(8)
            #expect(gpu.driver.set_bytes(memory, 0, 9, gpu.stream) == 1)
            #expect(gpu.driver.set_bytes(memory + 8, 0, 1, gpu.stream) == 1)
        }

        @Test func launchesBeyondTheLimits() throws {
            let gpu = try FakeGPU()
            let memory = try gpu.allocate(4)
            #expect(try gpu.launch("fill", memory, blocks: 0) == 1)
            #expect(try gpu.launch("fill", memory, threads: 512) == 1)
            #expect(try gpu.launch("fill", memory, sharedBytes: 49_153) == 1)
            let function = try gpu.function("fill")
            let attribute = Int32(STAPES_CU_FUNCTION_DYNAMIC_SHARED_BYTES)
            #expect(gpu.driver.function_set_attribute(function, attribute, 227 << 10) == 0)
            #expect(gpu.driver.function_set_attribute(function, attribute, (227 << 10) + 1) == 1)
            var missing: OpaquePointer?
            #expect(gpu.driver.module_function(&missing, gpu.module, "stapes_cuda_nothing") == 500)
        }

        @Test func aKernelThatBeginsEarlyStaysSoInAGraph() throws {
            let gpu = try FakeGPU()
            let (one, memory) = (try gpu.allocate(4), try gpu.allocate(4))
            try check(gpu.launch("fill", one, value: 1))
            try check(gpu.launch("fill", memory, value: 2))
            try check(gpu.launchEarly(memory, input: one))
            #expect(stapes_fake_cuda_kernel_is_early(STAPES_FAKE_LAUNCHED, 2))
            #expect(!stapes_fake_cuda_kernel_is_early(STAPES_FAKE_LAUNCHED, 1))
            let (result, graph) = try gpu.capture {
                try check(gpu.launch("add", memory, input: one))
                try check(gpu.launchEarly(memory, input: one))
                try check(gpu.launchEarly(memory, input: one) { $0.programmatic_allowed = 0 })
            }
            try check(result)
            try check(gpu.driver.graph_launch(gpu.instantiate(graph), gpu.stream))
            try check(gpu.driver.stream_synchronize(gpu.stream))
            #expect(gpu.peek(memory) == 6)
            for list in [STAPES_FAKE_CAPTURED, STAPES_FAKE_RUN] {
                let count = stapes_fake_cuda_kernel_count(list)
                let early = (count - 3..<count).map { stapes_fake_cuda_kernel_is_early(list, $0) }
                #expect(early == [false, true, false])
            }
        }

        @Test func launchAttributesThatTheDriverDoesNotKnow() throws {
            let gpu = try FakeGPU()
            let memory = try gpu.allocate(4)
            try check(gpu.launch("fill", memory, value: 1))
            #expect(try gpu.launchEarly(memory, input: memory) { $0.id = 7 } == 1)
            #expect(try gpu.launchEarly(memory, input: memory) { $0.padding.3 = 1 } == 1)
            #expect(try gpu.launchEarly(memory, input: memory) { $0.rest.59 = 1 } == 1)
            try check(gpu.launchEarly(memory, input: memory))
            // Not behind what is no kernel: ours are launched plainly there.
            try check(gpu.driver.set_bytes(memory, 0, 4, gpu.stream))
            #expect(try gpu.launchEarly(memory, input: memory) == 1)
            #expect(message.contains("behind no kernel"))
        }

        @Test(arguments: [
            ("add", Int32(0), "did not wait for the kernels before"),
            ("waits", 1, "thread (16, 0, 0): did not wait for the kernels before"),
            ("waits", 2, "thread (3, 0, 0): waits for the kernels before a second time"),
        ])
        func aKernelThatBeginsEarlyWaitsOnceInEveryThread(_ name: String, _ wrong: Int32, _ text: String) throws {
            let gpu = try FakeGPU()
            let (one, memory) = (try gpu.allocate(64), try gpu.allocate(64))
            try check(gpu.launch("fill", one, count: 16, value: 1))
            try check(gpu.launch("fill", memory, count: 16, value: 1))
            try check(gpu.launchEarly(memory, input: one, count: 16, wrong: wrong, name: name))
            #expect(gpu.driver.stream_synchronize(gpu.stream) == 719)
            #expect(message.contains(text), "\(message)")
        }

        @Test func injectedFailures() throws {
            let gpu = try FakeGPU()
            var pointer: stapes_cu_pointer = 0
            stapes_fake_cuda_fail("memory_allocate", 2, 2)
            #expect(gpu.driver.memory_allocate(&pointer, 4) == 0)
            #expect(gpu.driver.memory_allocate(&pointer, 4) == 2)
            #expect(gpu.driver.memory_allocate(&pointer, 4) == 0)
            stapes_fake_cuda_fail("execute", 2, 719)
            try check(gpu.launch("fill", pointer))
            try check(gpu.driver.stream_synchronize(gpu.stream))
            try check(gpu.launch("fill", pointer))
            #expect(gpu.driver.stream_synchronize(gpu.stream) == 719)
            #expect(gpu.driver.stream_synchronize(gpu.stream) == 719)
            // A new context is whole again.
            try check(gpu.driver.primary_context_release(0))
            var context: OpaquePointer?
            try check(gpu.driver.primary_context_retain(&context, 0))
            try check(gpu.driver.context_set_current(context))
            #expect(gpu.driver.memory_allocate(&pointer, 4) == 0)
            stapes_fake_cuda_fail("memory_allocate", 1, 999)
            #expect(gpu.driver.memory_allocate(&pointer, 4) == 999)
            #expect(gpu.driver.memory_allocate(&pointer, 4) == 999)
            #expect(stapes_fake_cuda_calls("memory_allocate") == 6)
        }

        @Test func memoryRunsOut() throws {
            let gpu = try FakeGPU(
                stapes_fake_cuda_options(
                    device_count: 0, memory_bytes: 1 << 20, multiprocessors: 0, not_ready_count: 0, eager: false))
            var pointer: stapes_cu_pointer = 0
            #expect(gpu.driver.memory_allocate(&pointer, 2 << 20) == 2)
            var blocks: [stapes_cu_pointer] = []
            while gpu.driver.memory_allocate(&pointer, 1000) == 0 { blocks.append(pointer) }
            #expect(blocks.count > 500)
            try check(gpu.driver.memory_free(blocks[17]))
            #expect(gpu.driver.memory_allocate(&pointer, 1000) == 0)
            #expect(pointer == blocks[17])
        }

        // MARK: Functions of fake libraries

        @Test func aHostFunctionIsCapturedLikeAKernel() throws {
            let gpu = try FakeGPU()
            let memory = try gpu.allocate(4)
            func give() -> Int32 {
                var address = memory
                return stapes_fake_cuda_enqueue(
                    gpu.stream, "library_call",
                    { arguments in
                        let address = arguments.load(as: stapes_cu_pointer.self)
                        UnsafeMutablePointer<Float>(bitPattern: UInt(address))!.pointee = 7
                    }, &address, MemoryLayout<stapes_cu_pointer>.size)
            }
            let (result, graph) = try gpu.capture { try check(give()) }
            try check(result)
            #expect(gpu.peek(memory).isNaN)
            try check(gpu.driver.graph_launch(gpu.instantiate(graph), gpu.stream))
            try check(gpu.driver.stream_synchronize(gpu.stream))
            #expect(gpu.peek(memory) == 7)
            #expect(stapes_fake_cuda_kernel_name(STAPES_FAKE_CAPTURED, 0).map { String(cString: $0) } == "library_call")
        }

        @Test func errorsHaveNames() throws {
            let gpu = try FakeGPU()
            var text: UnsafePointer<CChar>?
            #expect(gpu.driver.error_name(901, &text) == 0)
            #expect(text.map { String(cString: $0) } == "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED")
            #expect(gpu.driver.error_text(-5, &text) == 1)
        }
    }
}
