// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "stapes",
    products: [
        .library(name: "Stapes", targets: ["Stapes"]),
        .executable(name: "stapes", targets: ["StapesCommand"]),
    ],
    traits: [
        .trait(
            name: "OneDNN", description: "Matrix products of many rows through oneDNN; without it, our own kernels."),
        .default(enabledTraits: ["OneDNN"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
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
        .target(name: "StapesDevice", dependencies: ["CKernels", "COneDNN"]),
        .target(name: "StapesModel", dependencies: ["StapesDevice"]),
        .target(name: "StapesTokenizer"),
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
        .target(name: "StapesDecoding", dependencies: ["StapesTokenizer", "CZlib"]),
        .target(name: "StapesFormats", dependencies: ["StapesDecoding"]),
        .target(
            name: "StapesEngine",
            dependencies: [
                "StapesDecoding", "StapesModel", "StapesDevice", "CKernels",
                .product(name: "Metrics", package: "swift-metrics"),
            ]),
        .target(
            name: "CFFmpeg",
            linkerSettings: [
                .linkedLibrary("avformat"), .linkedLibrary("avcodec"), .linkedLibrary("swresample"),
                .linkedLibrary("avutil"),
            ]),
        .target(name: "StapesAudio", dependencies: ["CFFmpeg", "CKernels", "StapesModel"]),
        .target(
            name: "Stapes",
            dependencies: [
                "StapesAudio", "StapesDecoding", "StapesEngine", "StapesModel", "StapesTokenizer",
                .product(name: "CoreMetrics", package: "swift-metrics"),
            ]),
        .target(name: "StapesEvaluation"),
        .target(name: "StapesMetrics", dependencies: [.product(name: "Metrics", package: "swift-metrics")]),
        .target(name: "StapesAPI", dependencies: ["Stapes", "StapesAudio", "StapesFormats", "StapesTokenizer"]),
        .systemLibrary(name: "CLibcrypto", providers: [.apt(["libssl-dev"]), .brew(["openssl"])]),
        .target(name: "StapesHub", dependencies: ["CLibcrypto"]),
        .executableTarget(
            name: "StapesCommand",
            dependencies: [
                "Stapes", "StapesEvaluation", "StapesFormats", "StapesHub", "StapesInstruments", "StapesMetrics",
                "StapesModel", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .target(name: "CAllocationCounter"),
        .target(name: "StapesInstruments", dependencies: ["CAllocationCounter"]),
        .target(name: "StapesTesting", dependencies: ["StapesModel"]),
        .testTarget(
            name: "StapesAudioTests", dependencies: ["StapesAudio", "StapesTesting"], exclude: ["Goldens"]),
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
                "StapesEngine", "StapesDevice", "StapesModel", "StapesDecoding", "StapesTokenizer", "StapesTesting",
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
            dependencies: ["Stapes", "StapesAPI", "StapesAudio", "StapesEvaluation", "StapesTesting"]),
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
    swiftLanguageModes: [.v6]
)
