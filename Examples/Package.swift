// swift-tools-version: 6.2
import PackageDescription

// What the articles of the library's documentation show, as programs: `Scripts/examples` builds and runs them.
let package = Package(
    name: "examples",
    dependencies: [.package(name: "stapes", path: "..")],
    targets: ["transcribe", "words", "many", "options", "gpus"].map { name in
        .executableTarget(name: name, dependencies: [.product(name: "Stapes", package: "stapes")])
    },
    swiftLanguageModes: [.v6]
)
