// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "stapes",
    products: [
        .library(name: "Stapes", targets: ["Stapes"]),
        .library(name: "StapesServer", targets: ["StapesServer"]),
        .executable(name: "stapes", targets: ["StapesCommand"]),
    ],
    traits: [
        .trait(
            name: "OneDNN", description: "Matrix products of many rows through oneDNN; without it, our own kernels."),
        .trait(name: "Server", description: "The command `stapes serve`; without it, no HTTP server is built in."),
        .trait(
            name: "FFmpeg", description: "Audio of any format through FFmpeg's libraries; without it, WAV at 16 kHz."),
        .trait(
            name: "Downloads",
            description: "Models from the hub and https, through libcurl; without it, models that are there only."),
        .default(enabledTraits: ["OneDNN", "Server", "FFmpeg", "Downloads"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.3"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .target(name: "CKernels", linkerSettings: [.linkedLibrary("m", .when(platforms: [.linux]))]),
        .target(
            name: "COneDNN",
            cSettings: [.define("STAPES_ONEDNN", .when(traits: ["OneDNN"]))],
            linkerSettings: [
                .linkedLibrary("dnnl", .when(traits: ["OneDNN"])),
                .linkedLibrary("gomp", .when(traits: ["OneDNN"])),
            ]
        ),
        .target(name: "CUDADriver", dependencies: ["CKernels"], linkerSettings: [.linkedLibrary("dl")]),
        .target(name: "StapesDevice", dependencies: ["CKernels", "COneDNN", "CUDADriver"]),
        .target(name: "StapesModel", dependencies: ["StapesDevice"]),
        .target(name: "StapesTokenizer"),
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
        .target(name: "StapesDecoding", dependencies: ["StapesTokenizer", "CZlib"]),
        .target(name: "StapesFormats", dependencies: ["StapesDecoding"]),
        .target(
            name: "StapesEngine",
            dependencies: [
                "StapesDecoding", "StapesModel", "StapesDevice", "CKernels", "CUDADriver",
                .product(name: "Metrics", package: "swift-metrics"),
            ]),
        .target(
            name: "CFFmpeg",
            cSettings: [.define("STAPES_FFMPEG", .when(traits: ["FFmpeg"]))],
            linkerSettings: ["avformat", "avcodec", "swresample", "avutil"].map {
                .linkedLibrary($0, .when(traits: ["FFmpeg"]))
            }),
        .target(
            name: "StapesAudio",
            dependencies: [.target(name: "CFFmpeg", condition: .when(traits: ["FFmpeg"])), "CKernels", "StapesModel"]),
        .target(
            name: "Stapes",
            dependencies: [
                "StapesAudio", "StapesDecoding", "StapesDevice", "StapesEngine", "StapesModel", "StapesTokenizer",
                .product(name: "CoreMetrics", package: "swift-metrics"),
            ]),
        .target(name: "StapesEvaluation"),
        .target(name: "StapesMetrics", dependencies: [.product(name: "Metrics", package: "swift-metrics")]),
        .target(
            name: "StapesAPI",
            dependencies: [
                "Stapes", "StapesAudio", "StapesDecoding", "StapesEngine", "StapesFormats", "StapesTokenizer",
            ]),
        .target(
            name: "StapesServer",
            dependencies: [
                "Stapes", "StapesAPI", "StapesMetrics",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Tracing", package: "swift-distributed-tracing"),
            ], resources: [.embedInCode("Page/index.html")]),
        .systemLibrary(name: "CLibcrypto", providers: [.apt(["libssl-dev"]), .brew(["openssl"])]),
        .target(name: "StapesHub", dependencies: ["CLibcrypto"]),
        .executableTarget(
            name: "StapesCommand",
            dependencies: [
                "Stapes", "StapesEvaluation", "StapesFormats", "StapesHub", "StapesInstruments", "StapesMetrics",
                "StapesModel", .target(name: "StapesAPI", condition: .when(traits: ["Server"])),
                .target(name: "StapesServer", condition: .when(traits: ["Server"])),
                .product(name: "Logging", package: "swift-log", condition: .when(traits: ["Server"])),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .executableTarget(name: "StapesSteps", dependencies: ["StapesDevice", "StapesEngine"]),
        .target(name: "CAllocationCounter"),
        .target(name: "StapesInstruments", dependencies: ["CAllocationCounter"]),
        .target(name: "StapesTesting", dependencies: ["StapesModel"]),
        // For tests alone. Optimised in every build: kernels run on it thread by thread.
        .target(
            name: "CUDAEmulator", dependencies: ["CUDADriver", "CKernels"], cSettings: [.unsafeFlags(["-O2"])],
            cxxSettings: [
                .define("STAPES_EMULATED"), .headerSearchPath("."), .headerSearchPath("../../Kernels/cuda"),
                .unsafeFlags(["-O2"]),
            ]),
        .testTarget(name: "CUDAEmulatorTests", dependencies: ["CUDAEmulator", "CUDADriver"]),
        .testTarget(
            name: "StapesAudioTests", dependencies: ["StapesAudio", "StapesModel", "StapesTesting"],
            exclude: ["Goldens"]),
        .testTarget(
            name: "StapesDecodingTests", dependencies: ["StapesDecoding", "StapesTokenizer", "StapesTesting"],
            exclude: ["Goldens"]),
        .testTarget(
            name: "StapesFormatsTests", dependencies: ["StapesFormats", "StapesDecoding"], exclude: ["Goldens"]),
        .testTarget(
            name: "StapesDeviceTests",
            dependencies: [
                "StapesDevice", "StapesDecoding", "StapesEngine", "StapesTokenizer", "StapesTesting",
                "StapesInstruments", "CKernels",
            ]),
        .testTarget(
            name: "StapesEngineTests",
            dependencies: [
                "CUDADriver", "CUDAEmulator", "StapesAudio", "StapesEngine", "StapesDevice", "StapesModel",
                "StapesDecoding", "StapesTokenizer", "StapesTesting",
                "StapesInstruments", "StapesMetrics", "CKernels",
            ]),
        .testTarget(name: "StapesModelTests", dependencies: ["StapesModel", "StapesTesting"]),
        .testTarget(name: "StapesTokenizerTests", dependencies: ["StapesTokenizer", "StapesTesting"]),
        .testTarget(name: "StapesEvaluationTests", dependencies: ["StapesEvaluation", "StapesTesting"]),
        .testTarget(name: "StapesInstrumentsTests", dependencies: ["StapesInstruments"]),
        .testTarget(name: "StapesHubTests", dependencies: ["StapesHub"]),
        .testTarget(
            name: "StapesMetricsTests",
            dependencies: ["StapesMetrics", .product(name: "Metrics", package: "swift-metrics")]),
        .testTarget(
            name: "StapesAPITests",
            dependencies: [
                "Stapes", "StapesAPI", "StapesAudio", "StapesDecoding", "StapesEvaluation", "StapesTokenizer",
                "StapesTesting",
            ]),
        .testTarget(
            name: "StapesServerTests",
            dependencies: ["StapesServer", "StapesAPI", "StapesMetrics", "StapesTesting"]),
        .testTarget(
            name: "StapesCommandTests",
            dependencies: [
                "StapesCommand", "StapesEngine", "StapesMetrics", "StapesTesting",
                .product(name: "Metrics", package: "swift-metrics"),
            ]),
        .testTarget(
            name: "StapesTests",
            dependencies: ["Stapes", "StapesAudio", "StapesDecoding", "StapesEngine", "StapesTesting"],
            exclude: ["Goldens"]),
    ],
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)
