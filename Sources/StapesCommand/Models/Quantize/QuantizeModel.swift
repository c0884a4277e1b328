import ArgumentParser
import Foundation
import StapesAudio
import StapesHub
import StapesModel
import StapesTokenizer

struct QuantizeModel: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quantize",
        abstract: "Write a model with smaller weights.",
        discussion: """
            int8 makes a CTranslate2 folder, as ct2-transformers-converter --quantization int8 does; faster-whisper \
            loads it too. The other types make one ggml file, as whisper.cpp's converter and quantize do; whisper.cpp \
            loads it too. Vectors, positions and convolutions stay floats in a ggml file. Prints the path of the result, \
            which is there whole or not at all.

            stapes models quantize base base-int8 --type int8
            stapes models quantize tiny.en ggml-tiny.en-q5_0.bin --type q5_0
            """
    )

    @OptionGroup var options: StoreFlags
    @Argument(help: "A name, hub id, folder or ggml file.")
    var source: String
    @Argument(help: "The folder (int8) or file to write.")
    var destination: String
    @Option(
        name: [.customLong("type"), .customLong("quantization")],
        help: ArgumentHelp("What matrices are stored as.", valueName: "type"))
    var type: QuantizationType
    @Flag(help: "Replace what is there, if it is a file or the folder of a model.")
    var force = false
    @Flag(name: .shortAndLong, help: "Show no progress.")
    var quiet = false

    func run() throws {
        let console = Console.process(progress: .auto, quiet: quiet)
        defer { console.endProgress() }
        let path = try options.store.resolve(source)
        do {
            let checkpoint = try Checkpoint(directory: path)
            let tokenizer = try Tokenizer(
                directory: path, vocabularySize: checkpoint.configuration.vocabularySize)
            if type.isRounding, try checkpoint.isQuantized {
                console.warning("\(path): its weights are rounded already; those of a float model round better")
            }
            if FileKind(path: destination) != nil, Self.isSame(path, destination) {
                throw CommandError(.output, "\(destination): is the source")
            }
            let output = try StagedOutput(path: destination, isFolder: type.ggml == nil, replacing: force)
            if let ggml = type.ggml {
                let writer = try GGMLWriter(
                    checkpoint, type: ggml, vocabulary: tokenizer.ordinaryTokens,
                    melFilters: MelFilterBank(bins: checkpoint.configuration.melBins).weights)
                let meter = WriteMeter(label: destination, byteCount: writer.byteCount, console: console)
                try output.write { sink in
                    try writer.write {
                        try sink($0)
                        meter.advance($0.count)
                    }
                }
            } else {
                let writer = try CTranslate2Int8Writer(checkpoint)
                try CTranslate2Folder(source: checkpoint, sourcePath: path, tokenizer: tokenizer).write { name, data in
                    try output.write(name) { sink in try data.withUnsafeBytes(sink) }
                }
                let meter = WriteMeter(label: destination, byteCount: writer.byteCount, console: console)
                try output.write("model.bin") { sink in
                    try writer.write {
                        try sink($0)
                        meter.advance($0.count)
                    }
                }
            }
            try output.finish()
        } catch let error as CommandError {
            throw error
        } catch {
            throw CommandError(.model, "\(error)", cause: error)
        }
        console.endProgress()
        console.result(destination + "\n")
    }

    private static func isSame(_ left: String, _ right: String) -> Bool {
        URL(filePath: left).resolvingSymlinksInPath() == URL(filePath: right).resolvingSymlinksInPath()
    }
}

extension Checkpoint {
    /// Whether any weight is stored in integers.
    fileprivate var isQuantized: Bool {
        get throws {
            try tensorNames.contains { name in
                let tensor = try tensor(name)
                return tensor.elementType == .int8 || tensor.blockFormat != nil
            }
        }
    }
}

/// Shows how much of a file is written.
private final class WriteMeter {
    private let label: String
    private let byteCount: Int
    private let console: Console
    private let start = ContinuousClock.now
    private var done = 0

    init(label: String, byteCount: Int, console: Console) {
        self.label = label
        self.byteCount = byteCount
        self.console = console
    }

    func advance(_ count: Int) {
        done += count
        console.progress(
            ProgressLine(
                label: label, doneBytes: done, totalBytes: byteCount, freshBytes: done,
                elapsedSeconds: start.duration(to: .now).seconds))
    }
}
