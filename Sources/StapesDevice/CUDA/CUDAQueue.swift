import CUDADriver

/// A stream of the driver. What it is told it does in order, later; what goes wrong is kept until it is asked for, since
/// most failures show at a call that comes long after the one that caused them. Until then nothing more is given to the
/// driver: what came behind would work on what is not there, a graph on the slots of an earlier step.
final class CUDAQueue {
    let context: CUDAContext
    private let handle: OpaquePointer
    private let staging: StagingRing
    private var failure: DeviceError?
    /// The kernels of the graph that is being captured.
    private var capturedKernels: [UnsafeRawPointer]?
    private var capturedBytes = 0
    /// Whether kernels that wait for those before them may begin while one of these ends.
    private let launchesProgrammatically: Bool
    /// Whether what was given last is such a kernel. After all else a kernel is launched plainly: what wrote a model's
    /// weights, which are read before the wait, has ended by then.
    private var followsWaitingKernel = false

    /// - Parameters:
    ///   - priority: lower goes first where two streams have work.
    ///   - launchesProgrammatically: whether kernels that wait for those before them may begin while one of these ends.
    /// - Throws: `outOfMemory`, `failed`.
    init(_ context: CUDAContext, priority: Int32 = 0, launchesProgrammatically: Bool = false) throws(DeviceError) {
        self.context = context
        self.launchesProgrammatically = launchesProgrammatically
        context.use()
        var handle: OpaquePointer?
        try context.check(
            context.functions.stream_create(&handle, UInt32(STAPES_CU_STREAM_NON_BLOCKING), priority),
            "no stream can be made")
        guard let handle else { throw DeviceError(.failed, "cuda:\(context.ordinal): no stream was made") }
        do throws(DeviceError) {
            staging = try StagingRing(context)
        } catch {
            _ = context.functions.stream_destroy(handle)
            throw error
        }
        self.handle = handle
    }

    deinit {
        synchronize()
        _ = functions.stream_destroy(handle)
    }

    private var functions: stapes_cuda_driver { context.functions }

    /// Gives the driver something to do, unless something before it could not be given.
    private func give(_ what: @autoclosure () -> String, _ call: () -> Int32) {
        followsWaitingKernel = false
        guard failure == nil else { return }
        context.use()
        note(call(), what())
    }

    private func note(_ result: Int32, _ what: @autoclosure () -> String) {
        guard result != 0, failure == nil else { return }
        do throws(DeviceError) { try context.check(result, what()) } catch { failure = error }
    }

    func takeFailure() -> DeviceError? {
        defer { failure = nil }
        return failure
    }

    // MARK: Work

    func launch<Arguments: BitwiseCopyable>(_ function: CUDAFunction, _ arguments: Arguments) {
        var arguments = arguments
        withUnsafeMutablePointer(to: &arguments) { pointer in
            let shape = function.shape(pointer)
            // Nothing to do is not a launch: the driver refuses empty grids.
            guard shape.grid.0 > 0, shape.grid.1 > 0, shape.grid.2 > 0 else { return }
            var parameter: UnsafeMutableRawPointer? = UnsafeMutableRawPointer(pointer)
            let isEarly = launchesProgrammatically && followsWaitingKernel && function.waits
            give("kernel '\(function.name)' cannot be launched") {
                if isEarly { return launchEarly(function, shape, &parameter) }
                return functions.launch(
                    function.handle, shape.grid.0, shape.grid.1, shape.grid.2, shape.threads, 1, 1,
                    shape.shared_bytes, handle, &parameter, nil)
            }
            followsWaitingKernel = function.waits && failure == nil
            capturedKernels?.append(UnsafeRawPointer(function.handle))
            capturedBytes += MemoryLayout<Arguments>.size
        }
    }

    /// Launches a kernel that may begin while the one before it ends.
    private func launchEarly(
        _ function: CUDAFunction, _ shape: stapes_cuda_shape,
        _ parameter: UnsafeMutablePointer<UnsafeMutableRawPointer?>
    ) -> Int32 {
        var attribute = stapes_cu_launch_attribute()
        attribute.id = UInt32(STAPES_CU_LAUNCH_PROGRAMMATIC)
        attribute.programmatic_allowed = 1
        return withUnsafeMutablePointer(to: &attribute) { attribute in
            var config = stapes_cu_launch_config(
                grid_x: shape.grid.0, grid_y: shape.grid.1, grid_z: shape.grid.2, block_x: shape.threads, block_y: 1,
                block_z: 1, shared_bytes: shape.shared_bytes, stream: handle, attributes: attribute,
                attribute_count: 1)
            return functions.launch_with(&config, function.handle, parameter, nil)
        }
    }

    /// Calls a library that launches kernels of its own here. What it throws is kept.
    ///
    /// - Parameter kernels: what graphs and traces name them by.
    func launch(library kernels: [UnsafeRawPointer], _ body: (OpaquePointer) throws(DeviceError) -> Void) {
        followsWaitingKernel = false
        context.use()
        do throws(DeviceError) {
            try body(handle)
            capturedKernels? += kernels
        } catch {
            if failure == nil { failure = error }
        }
    }

    /// Lets a library copy to the device. `body` is given the driver's stream.
    func prepare(library body: (OpaquePointer) throws(DeviceError) -> Void) throws(DeviceError) {
        followsWaitingKernel = false
        context.use()
        try body(handle)
    }

    func zero(_ target: UnsafeMutableRawPointer, byteCount: Int) {
        give("memory cannot be set to zero") {
            functions.set_bytes(UnsafeRawPointer(target).onDevice, 0, byteCount, handle)
        }
    }

    func copyToHost(_ target: UnsafeMutableRawPointer, from source: UnsafeRawPointer, byteCount: Int) {
        give("memory cannot be read") { functions.copy_to_host(target, source.onDevice, byteCount, handle) }
    }

    /// Through page-locked memory, so that the host may go on at once.
    func copyToDevice(_ target: UnsafeMutableRawPointer, from source: UnsafeRawPointer, byteCount: Int) {
        var done = 0
        while done < byteCount, failure == nil {
            context.use()
            let part = staging.next(byteCount - done, on: handle)
            part.copyMemory(from: UnsafeRawBufferPointer(start: source + done, count: part.count))
            give("memory cannot be written") {
                functions.copy_to_device(
                    UnsafeRawPointer(target + done).onDevice, part.baseAddress!, part.count, handle)
            }
            done += part.count
        }
    }

    func synchronize() {
        context.use()
        note(functions.stream_synchronize(handle), "the work launched before failed")
    }

    // MARK: Events

    func record(_ event: OpaquePointer) {
        followsWaitingKernel = false
        context.use()
        note(functions.event_record(event, handle), "an event cannot be recorded")
    }

    func isReached(_ event: OpaquePointer) -> Bool {
        context.use()
        let result = functions.event_query(event)
        if result == Int32(STAPES_CU_NOT_READY) { return false }
        note(result, "the work launched before failed")
        return true
    }

    func synchronize(with event: OpaquePointer) {
        context.use()
        note(functions.event_synchronize(event), "the work launched before failed")
    }

    // MARK: Graphs

    var isCapturing: Bool { capturedKernels != nil }

    func capture(_ body: () throws(DeviceError) -> Void) throws(DeviceError) -> CUDAGraph {
        context.use()
        try context.check(
            functions.stream_begin_capture(handle, Int32(STAPES_CU_CAPTURE_THREAD_LOCAL)), "no graph can be captured")
        followsWaitingKernel = false
        capturedKernels = []
        capturedBytes = 0
        var thrown: DeviceError?
        do throws(DeviceError) { try body() } catch { thrown = error }
        let kernels = capturedKernels ?? []
        followsWaitingKernel = false
        capturedKernels = nil
        var graph: OpaquePointer?
        let result = functions.stream_end_capture(handle, &graph)
        defer { if let graph { _ = functions.graph_destroy(graph) } }
        if let error = thrown ?? takeFailure() { throw error }
        try context.check(result, "a graph could not be captured")
        guard let graph else { throw DeviceError(.failed, "cuda:\(context.ordinal): no graph was captured") }
        var exec: OpaquePointer?
        try context.check(functions.graph_instantiate(&exec, graph, 0), "a graph could not be made ready")
        guard let exec else { throw DeviceError(.failed, "cuda:\(context.ordinal): no graph was made") }
        let captured = CUDAGraph(context, exec: exec, kernels: kernels, byteCount: capturedBytes)
        // Now, not at the first replay.
        try context.check(functions.graph_upload(exec, handle), "a graph could not be uploaded")
        return captured
    }

    func replay(_ graph: CUDAGraph) {
        give("a graph cannot be launched") { functions.graph_launch(graph.exec, handle) }
    }
}

extension CUDAContext {
    func makeEvent() throws(DeviceError) -> OpaquePointer {
        use()
        var event: OpaquePointer?
        try check(functions.event_create(&event, UInt32(STAPES_CU_EVENT_NO_TIMING)), "no event can be made")
        guard let event else { throw DeviceError(.failed, "cuda:\(ordinal): no event was made") }
        return event
    }
}

/// A graph of the driver, ready to launch.
final class CUDAGraph {
    let exec: OpaquePointer
    /// The kernels that were captured, in order.
    let kernels: [UnsafeRawPointer]
    /// Of their arguments.
    let byteCount: Int
    private let context: CUDAContext

    init(_ context: CUDAContext, exec: OpaquePointer, kernels: [UnsafeRawPointer], byteCount: Int) {
        self.context = context
        self.exec = exec
        self.kernels = kernels
        self.byteCount = byteCount
    }

    deinit {
        context.use()
        _ = context.functions.graph_exec_destroy(exec)
    }
}

/// Page-locked memory that copies to the device pass through, part by part. A part is written again only when the copy
/// out of it is done.
private final class StagingRing {
    private static let partBytes = 1 << 20
    private static let partCount = 4

    private let context: CUDAContext
    private let memory: UnsafeMutableRawPointer
    private let events: [OpaquePointer]
    /// Whether a part's event was recorded since it was waited for.
    private var pending = [Bool](repeating: false, count: partCount)
    private var part = 0
    private var used = 0

    init(_ context: CUDAContext) throws(DeviceError) {
        self.context = context
        let memory = try context.allocatePinned(Self.partBytes * Self.partCount)
        var events: [OpaquePointer] = []
        do throws(DeviceError) {
            for _ in 0..<Self.partCount { events.append(try context.makeEvent()) }
        } catch {
            for event in events { _ = context.functions.event_destroy(event) }
            context.freePinned(memory)
            throw error
        }
        self.memory = memory
        self.events = events
    }

    deinit {
        context.use()
        for event in events { _ = context.functions.event_destroy(event) }
        context.freePinned(memory)
    }

    /// Room for up to `wanted` bytes, to be copied on `stream` next.
    func next(_ wanted: Int, on stream: OpaquePointer) -> UnsafeMutableRawBufferPointer {
        if used + min(wanted, Self.partBytes) > Self.partBytes {
            pending[part] = context.functions.event_record(events[part], stream) == 0
            // Without the event, now.
            if !pending[part] { _ = context.functions.stream_synchronize(stream) }
            part = (part + 1) % Self.partCount
            used = 0
            if pending[part] {
                _ = context.functions.event_synchronize(events[part])
                pending[part] = false
            }
        }
        let count = min(wanted, Self.partBytes - used)
        defer { used += (count + 15) / 16 * 16 }
        return UnsafeMutableRawBufferPointer(start: memory + part * Self.partBytes + used, count: count)
    }
}
