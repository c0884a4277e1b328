import CUDAEmulator
import StapesAudio
import StapesDecoding
import StapesDevice
import StapesEngine
import StapesMetrics
import StapesModel
import StapesTesting
import Testing

/// Log-mel that the GPU makes of a window's samples is that of the host, and so are the texts.
extension GPUAgreementTests {
    /// 7.3 s, which are four windows of 2 s, the last of them short: soft at first, loudest in the third window, silence in
    /// the middle of the second.
    static let file: PCM = {
        var noise = SeededGenerator(seed: 71)
        let samples = (0..<7 * 16_000 + 4_900).map { index -> Float in
            if (40_000..<56_000).contains(index) { return 0 }
            let loudness: Float = (70_000..<80_000).contains(index) ? 0.8 : 0.02
            return loudness * noise.nextSignedUnit()
        }
        return PCM(samples: samples)
    }()

    /// What is cut from a file: first frame, frames of content, frames of the window.
    private static let cuts = [
        (0, 200, 200), (200, 200, 200), (400, 200, 200), (600, 130, 200), (1, 200, 200), (599, 2, 20), (250, 100, 200),
        (727, 3, 2 * 7), (700, 150, 200), (731, 60, 60), (900, 10, 10), (0, 0, 2), (3, 1, 2), (0, 1, 2),
    ]

    private static func samples(_ file: FramedPCM, seek: Int, size: Int, frames: Int) -> WindowSamples {
        let window = file.window(seek: seek, size: size, frames: frames)
        return WindowSamples(
            samples: window.samples, lead: window.lead, content: window.content, loudest: file.loudest)
    }

    /// What `FeatureStage` launches for some windows of one length, read back.
    private func features(_ windows: [WindowSamples], frames: Int, bins: Int) throws -> [[Float]] {
        let device = try CUDADevice(FakeGPU.context, type: .float16, threads: 1)
        let stream = device.encodeStream
        let tables = try LogMelTables(filters: MelFilterBank(bins: bins).weights, bins: bins, on: stream)
        let stride = LogMelTables.sampleCount(frames: frames)
        let samples = try Buffer(of: Float.self, count: stride * windows.count, on: stream)
        let entries = try Buffer(of: Int32.self, count: 4 * windows.count, on: stream)
        let output = try Buffer(of: Float.self, count: frames * bins * windows.count, on: stream)
        for (index, window) in windows.enumerated() {
            let values = Array(window.samples)
            stream.write(values, count: values.count, to: samples.start(of: Float.self) + index * stride)
            let entry = [
                Int32(values.count), Int32(window.lead), Int32(window.content),
                Int32(bitPattern: window.loudest.bitPattern),
            ]
            stream.write(entry, count: 4, to: entries.start(of: Int32.self) + 4 * index)
        }
        stream.logMel(
            UnsafePointer(samples.start()), sampleStride: stride, windows: UnsafePointer(entries.start()),
            count: windows.count, frames: frames, tables: tables, into: output.start(),
            featureStride: frames * bins)
        var values = [Float](repeating: 0, count: frames * bins * windows.count)
        stream.read(UnsafePointer(output.start(of: Float.self)), count: values.count, into: &values)
        try stream.check()
        return windows.indices.map { Array(values[$0 * frames * bins..<($0 + 1) * frames * bins]) }
    }

    /// Within 2e-5, which is what the host's are from their definition.
    @Test(arguments: [80, 128]) func featuresOfSamplesAreTheHosts(bins: Int) throws {
        let extractor = LogMelExtractor(bins: bins)
        let silence = PCM(samples: [Float](repeating: 0, count: 10_000))
        for file in [Self.file, silence, PCM(samples: []), PCM(samples: Array(Self.file.samples[..<333]))] {
            let mel = extractor.extract(file)
            let framed = FramedPCM(file, loudest: extractor.loudest(of: file))
            for (seek, size, frames) in Self.cuts where seek + size <= mel.frameCount {
                let wanted = mel.window(seek: seek, size: size, frames: frames)
                let window = Self.samples(framed, seek: seek, size: size, frames: frames)
                let got = try features([window], frames: frames, bins: bins)[0]
                let worst = zip(got, wanted).map { abs($0 - $1) }.max() ?? .infinity
                #expect(worst < 2e-5, "\(size) frames from \(seek) on in \(frames): \(worst)")
                #expect(got[(size * bins)...].allSatisfy { $0 == 0 })
            }
        }
    }

    @Test func windowsOfOneLaunchAreThoseOfSeveral() throws {
        let framed = FramedPCM(Self.file, loudest: LogMelExtractor(bins: 80).loudest(of: Self.file))
        let windows = Self.cuts.filter { $0.2 == 200 }.map {
            Self.samples(framed, seek: $0.0, size: $0.1, frames: 200)
        }
        let together = try features(windows, frames: 200, bins: 80)
        for (window, values) in zip(windows, together) {
            #expect(try features([window], frames: 200, bins: 80)[0] == values)
        }
    }

    // MARK: Through the engine

    private static func request(_ features: WindowFeatures, positions: Int, steps: Int = 5) -> WindowRequest {
        let like = TinyModel.request(window: 1, steps: steps)
        return WindowRequest(
            features: features, positions: positions, prompt: like.prompt, startIndex: like.startIndex,
            purpose: like.purpose)
    }

    /// The windows of the file, as features or as samples.
    private static func requests(_ asSamples: (Int) -> Bool) -> [WindowRequest] {
        let extractor = LogMelExtractor(bins: TinyModel.configuration.melBins)
        let mel = extractor.extract(file)
        let framed = FramedPCM(file, loudest: extractor.loudest(of: file))
        return cuts.prefix(7).enumerated().map { index, cut in
            let (seek, size, frames) = cut
            return request(
                asSamples(index)
                    ? .samples(samples(framed, seek: seek, size: size, frames: frames))
                    : .logMel(mel.window(seek: seek, size: size, frames: frames)),
                positions: frames / 2)
        }
    }

    /// Windows of both kinds through the same captured graph and beside one another: what one leaves behind no other sees.
    @Test func textsOfSamplesAreThoseOfFeatures() async throws {
        let plain = try await Engine(TinyModel.setup(.gpu, rows: 4)).together(Self.requests { _ in false })
        #expect(Set(plain.map(\.tokens)).count > 4, "the windows are to differ")
        let metrics = MetricsRegistry()
        var configuration = TinyModel.setup(.gpu, rows: 4, looksAhead: true, cacheBytes: 0, metrics: metrics)
        configuration.logMelOnDevice = true
        let engine = try await Engine(configuration)
        #expect(engine.description.logMelOnDevice)
        for (name, choice) in [("all", { (_: Int) in true }), ("some", { $0 % 2 == 1 })] {
            let eager = metrics.eagerSteps("encoder")
            let found = try await engine.together(Self.requests(choice))
            for (index, (one, other)) in zip(plain, found).enumerated() {
                #expect(one.tokens == other.tokens, "\(name), window \(index)")
                #expect(abs(one.sumLogProbability - other.sumLogProbability) < 0.02, "\(name), window \(index)")
            }
            #expect(
                metrics.eagerSteps("encoder") - eager == Self.cuts.prefix(7).count { $0.2 != 200 },
                "full windows are replayed, some together")
        }
        #expect(metrics.replays("encoder") > 0)
        #expect(await engine.holdings() == EngineHoldings())
    }

    /// Features that are given are used as they are: an engine that can make them gives the bits of one that cannot.
    @Test func givenFeaturesGiveTheSameBits() async throws {
        let requests = Self.requests { _ in false }
        let plain = try await Engine(TinyModel.setup(.gpu, rows: 4)).together(requests)
        var configuration = TinyModel.setup(.gpu, rows: 4)
        configuration.logMelOnDevice = true
        #expect(try await Engine(configuration).together(requests) == plain)
    }

    @Test func sameSamplesAreEncodedOnce() async throws {
        let metrics = MetricsRegistry()
        var configuration = TinyModel.setup(.gpu, rows: 4, metrics: metrics)
        configuration.logMelOnDevice = true
        let engine = try await Engine(configuration)
        let request = Self.requests { _ in true }[0]
        let first = try await engine.transcript(request)
        let encodings = metrics.replays("encoder")
        #expect(try await engine.transcript(request) == first)
        #expect(metrics.replays("encoder") == encodings)
    }

    @Test func samplesOutsideTheWindowAreInvalid() async throws {
        var configuration = TinyModel.setup(.gpu, rows: 1)
        configuration.logMelOnDevice = true
        let engine = try await Engine(configuration)
        func failure(count: Int = 1000, lead: Int = 0, content: Int = 20, loudest: Float = 0) async -> EngineError.Code?
        {
            let window = WindowSamples(
                samples: [Float](repeating: 0.1, count: count)[...], lead: lead, content: content, loudest: loudest)
            return await engine.failure(of: Self.request(.samples(window), positions: 10, steps: 1))
        }
        #expect(await failure() == nil)
        // 20 frames see 19 * 160 + 400 samples.
        #expect(await failure(count: 3440) == nil)
        #expect(await failure(count: 3441) == .invalidRequest)
        #expect(await failure(count: 3240, lead: 200) == nil)
        #expect(await failure(count: 3241, lead: 200) == .invalidRequest)
        #expect(await failure(lead: 201) == .invalidRequest)
        #expect(await failure(lead: -1) == .invalidRequest)
        #expect(await failure(content: 21) == .invalidRequest)
        #expect(await failure(content: -1) == .invalidRequest)
        for loudest in [Float.nan, .infinity, -.infinity, -10.5] {
            #expect(await failure(loudest: loudest) == .invalidRequest, "\(loudest)")
        }
        #expect(await engine.holdings() == EngineHoldings())
    }

    @Test(arguments: [Setup.gpu, .float32]) func samplesAreRefusedWhereLogMelIsTheHosts(setup: Setup) async throws {
        let engine = try await Engine(TinyModel.setup(setup, rows: 1))
        #expect(!engine.description.logMelOnDevice)
        #expect(await engine.failure(of: Self.requests { _ in true }[0]) == .invalidRequest)
    }

    @Test func theCPUMakesNoLogMel() throws {
        var configuration = TinyModel.setup(.float32)
        configuration.logMelOnDevice = true
        let error = #expect(throws: EngineError.self) { try configuration.checkDevice() }
        #expect(error?.code == .unavailable && error?.message.contains("log-mel") == true)
        #expect(LogMelPlace.auto.isOnDevice(gpu: true) && !LogMelPlace.auto.isOnDevice(gpu: false))
        #expect(LogMelPlace.device.isOnDevice(gpu: false) && !LogMelPlace.host.isOnDevice(gpu: true))
    }
}
