import CUDAEmulator
import StapesDevice
import StapesEngine
import Testing

/// Products of many rows through a stand-in for cuBLASLt: where they go, and where they go without it.
extension GPUAgreementTests {
    private func kernels(_ world: DecodeWorld) throws -> [String] {
        let graph = try #require(world.runner.encode.graphs.kernels.first)
        return graph.map(world.runner.stream.kernels.name(of:))
    }

    /// The block of a window's cross keys and values.
    private func encoded(
        _ world: DecodeWorld, positions: Int = 100, block: Int32 = 1, eagerly: Bool = false
    ) throws -> [UInt8] {
        let route = try world.encode(
            TinyModel.features(5, positions: positions), positions: positions, block: block, eagerly: eagerly)
        if case .graph = route { #expect(!eagerly && positions == 100) }
        return world.runner.pool.crossArena.read(page: Int(block))
    }

    /// Runs `body` with a stand-in whose behaviour differs in one thing.
    private func withLibrary<Value>(
        _ field: WritableKeyPath<fake_cublaslt_state, Value>, _ value: Value, _ body: () throws -> Void
    ) rethrows {
        let state = stapes_fake_cublaslt_state()
        let before = state.pointee[keyPath: field]
        state.pointee[keyPath: field] = value
        defer { state.pointee[keyPath: field] = before }
        try body()
    }

    @Test func encoderGraphHoldsTheLibrarysProducts() throws {
        stapes_fake_cuda_clear_log()
        let with = try kernels(DecodeWorld(.gpuLibrary, rows: 1))
        let captured = (0..<stapes_fake_cuda_kernel_count(STAPES_FAKE_CAPTURED)).compactMap {
            stapes_fake_cuda_kernel_name(STAPES_FAKE_CAPTURED, $0).map(String.init(cString:))
        }
        // Four products a layer of the encoder, one a layer of the decoder; the convolutions' rows overlap.
        let model = TinyModel.configuration
        let products = 4 * model.encoderLayers + model.decoderLayers
        #expect(with.count { $0 == "product (cuBLASLt)" } == products)
        #expect(with.count { $0 == "product (many rows)" } == 2)
        #expect(with.count { $0 == "gelu" } == model.encoderLayers)
        #expect(captured.count { $0 == "cublaslt" } == products, "\(captured)")
        let without = try kernels(DecodeWorld(.gpu, rows: 1))
        #expect(without.count { $0 == "product (many rows)" } == products + 2)
        #expect(!without.contains("product (cuBLASLt)"))
    }

    @Test(arguments: [Setup.gpuLibrary, .gpuLibraryBFloat16])
    func encoderGraphOfLibraryProductsGivesTheBitsOfEagerOnes(setup: Setup) throws {
        try withLibrary(\.workspace_bytes, 1000) {
            let world = try DecodeWorld(setup, rows: 1)
            #expect(try encoded(world) == encoded(world, eagerly: true))
        }
    }

    /// A window's length decides the shapes of its products: of lengths that come once, only the last are kept.
    @Test func windowsOfEveryLengthKeepFewProducts() throws {
        let state = stapes_fake_cublaslt_state()
        let (handles, descriptors) = (state.pointee.handles, state.pointee.descriptors)
        do {
            let world = try DecodeWorld(.gpuLibrary, rows: 2)
            let first = try encoded(world, positions: 3)
            for positions in 1...24 { _ = try encoded(world, positions: positions, block: 2) }
            #expect(try encoded(world, positions: 3) == first)
            // An operation and three layouts each. There are graphs of one window and of two.
            #expect(state.pointee.descriptors - descriptors <= (8 * 5 + 2 * 5) * 4)
            let choices = state.pointee.choices
            for positions in [24, 100] { _ = try encoded(world, positions: positions, block: 2) }
            #expect(state.pointee.choices == choices, "what is kept is chosen for once")
        }
        #expect(state.pointee.handles == handles && state.pointee.descriptors == descriptors)
    }

    @Test func productsThatTheLibraryHasNothingForAreOurs() throws {
        let ours = try encoded(DecodeWorld(.gpu, rows: 1))
        // No algorithm; a refusal to look for one; a refusal to multiply.
        let refusals: [(WritableKeyPath<fake_cublaslt_state, Int32>, Int32)] = [
            (\.results, -1), (\.choose_status, 15), (\.multiply_status, 15),
        ]
        for (number, (field, value)) in refusals.enumerated() {
            try withLibrary(field, value) {
                let world = try DecodeWorld(.gpuLibrary, rows: 1)
                #expect(try encoded(world) == ours, "refusal \(number)")
                #expect(try kernels(world).contains("product (many rows)"))
            }
        }
    }

    @Test func aLibraryThatFailsIsAnError() throws {
        withLibrary(\.multiply_status, 13) {
            let error = #expect(throws: DeviceError.self) { try DecodeWorld(.gpuLibrary, rows: 1) }
            #expect(error?.code == .failed && error?.message.contains("execution failed") == true, "\(error as Any)")
        }
    }

    @Test func deviceSaysWhichLibraryItHasOrWhyNone() throws {
        func device(_ context: CUDAContext) throws -> CUDADevice {
            try CUDADevice(context, type: .float16, threads: 1)
        }
        let with = try device(FakeGPU.contextWithLibrary)
        #expect(with.matrixLibrary == "cuBLASLt 13.0.0 (a stand-in)" && with.matrixLibraryAbsence.isEmpty)
        let without = try device(FakeGPU.context)
        #expect(without.matrixLibrary == nil && without.matrixLibraryAbsence == "switched off")
    }
}
