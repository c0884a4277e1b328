import CUDADriver
import CUDAEmulator
import Testing

/// A fake driver that was just opened, with a current context, one stream and the test kernels.
struct FakeGPU {
    let driver: stapes_cuda_driver
    let context: OpaquePointer
    let stream: OpaquePointer
    let module: OpaquePointer

    init(_ options: stapes_fake_cuda_options = stapes_fake_cuda_options()) throws {
        var options = options
        var opened: stapes_cuda_driver?
        withUnsafeTemporaryAllocation(of: stapes_cuda_driver.self, capacity: 1) { table in
            if stapes_fake_cuda_open(&options, table.baseAddress!) { opened = table[0] }
        }
        driver = try #require(opened)
        var (context, stream, module): (OpaquePointer?, OpaquePointer?, OpaquePointer?)
        try check(driver.`init`(0))
        try check(driver.primary_context_retain(&context, 0))
        try check(driver.context_set_current(context))
        try check(driver.stream_create(&stream, UInt32(STAPES_CU_STREAM_NON_BLOCKING), 0))
        try check(driver.module_load(&module, "no image"))
        self.context = try #require(context)
        self.stream = try #require(stream)
        self.module = try #require(module)
    }

    func allocate(_ bytes: Int) throws -> stapes_cu_pointer {
        var pointer: stapes_cu_pointer = 0
        try check(driver.memory_allocate(&pointer, bytes))
        return pointer
    }

    func allocatePinned(_ count: Int) throws -> UnsafeMutablePointer<Float> {
        var pointer: UnsafeMutableRawPointer?
        try check(driver.host_allocate(&pointer, count * 4))
        return try #require(pointer).bindMemory(to: Float.self, capacity: count)
    }

    func makeStream() throws -> OpaquePointer {
        var stream: OpaquePointer?
        try check(driver.stream_create(&stream, 0, 0))
        return try #require(stream)
    }

    func makeEvent() throws -> OpaquePointer {
        var event: OpaquePointer?
        try check(driver.event_create(&event, UInt32(STAPES_CU_EVENT_NO_TIMING)))
        return try #require(event)
    }

    func function(_ name: String) throws -> OpaquePointer {
        var function: OpaquePointer?
        try check(driver.module_function(&function, module, "stapes_cuda_test_" + name))
        return try #require(function)
    }

    /// - Returns: The driver's result.
    @discardableResult
    func launch(
        _ name: String, _ output: stapes_cu_pointer, input: stapes_cu_pointer = 0, count: Int = 1, value: Float = 0,
        wrong: Bool = false, blocks: UInt32 = 1, threads: UInt32 = 32, sharedBytes: UInt32 = 0,
        on stream: OpaquePointer? = nil
    ) throws -> Int32 {
        var arguments = stapes_emulator_test_arguments(
            input: UnsafeRawPointer(bitPattern: UInt(input)), other: nil,
            output: UnsafeMutableRawPointer(bitPattern: UInt(output))!, count: Int64(count), value: value,
            wrong: wrong ? 1 : 0)
        let function = try function(name)
        return withUnsafeMutablePointer(to: &arguments) { pointer in
            var parameter: UnsafeMutableRawPointer? = UnsafeMutableRawPointer(pointer)
            return driver.launch(
                function, blocks, 1, 1, threads, 1, 1, sharedBytes, stream ?? self.stream, &parameter, nil)
        }
    }

    /// Launches `waits` with attributes.
    ///
    /// - Parameter change: what to change of the attribute that lets it begin early.
    /// - Returns: The driver's result.
    func launchEarly(
        _ output: stapes_cu_pointer, input: stapes_cu_pointer, count: Int = 1, wrong: Int32 = 0, blocks: UInt32 = 1,
        name: String = "waits", change: (inout stapes_cu_launch_attribute) -> Void = { _ in }
    ) throws -> Int32 {
        var arguments = stapes_emulator_test_arguments(
            input: UnsafeRawPointer(bitPattern: UInt(input)), other: nil,
            output: UnsafeMutableRawPointer(bitPattern: UInt(output))!, count: Int64(count), value: 0, wrong: wrong)
        var attribute = stapes_cu_launch_attribute()
        attribute.id = UInt32(STAPES_CU_LAUNCH_PROGRAMMATIC)
        attribute.programmatic_allowed = 1
        change(&attribute)
        let function = try function(name)
        return withUnsafeMutablePointer(to: &arguments) { pointer in
            withUnsafeMutablePointer(to: &attribute) { attribute in
                var parameter: UnsafeMutableRawPointer? = UnsafeMutableRawPointer(pointer)
                var config = stapes_cu_launch_config(
                    grid_x: blocks, grid_y: 1, grid_z: 1, block_x: 32, block_y: 1, block_z: 1, shared_bytes: 0,
                    stream: stream, attributes: attribute, attribute_count: 1)
                return driver.launch_with(&config, function, &parameter, nil)
            }
        }
    }

    /// The first value at `pointer`, as it is now.
    func peek(_ pointer: stapes_cu_pointer) -> Float {
        var value: Float = 0
        #expect(stapes_fake_cuda_peek(&value, pointer, 4))
        return value
    }

    func capture(_ body: () throws -> Void) throws -> (result: Int32, graph: OpaquePointer?) {
        try check(driver.stream_begin_capture(stream, Int32(STAPES_CU_CAPTURE_THREAD_LOCAL)))
        try body()
        var graph: OpaquePointer?
        return (driver.stream_end_capture(stream, &graph), graph)
    }

    func instantiate(_ graph: OpaquePointer?) throws -> OpaquePointer {
        var exec: OpaquePointer?
        try check(driver.graph_instantiate(&exec, #require(graph), 0))
        return try #require(exec)
    }
}

struct DriverFailure: Error {
    let result: Int32
    let message: String
}

func check(_ result: Int32) throws {
    if result != 0 { throw DriverFailure(result: result, message: message) }
}

var message: String { String(cString: stapes_fake_cuda_message()) }
