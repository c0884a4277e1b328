import ArgumentParser
import Foundation

struct ListModels: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List the models in the cache.")

    /// One element of the printed array.
    private struct Row: Encodable {
        let name: String
        let path: String
        let format: String?
        let bytes: Int
        let complete: Bool
        let missing: [String]
    }

    @OptionGroup var options: StoreOptions
    @Flag(name: .customLong("json"), help: "Print an array of {name, path, format, bytes, complete, missing}.")
    var isJSON = false

    func run() throws {
        let models = options.store.list()
        if isJSON {
            let rows = models.map {
                Row(
                    name: $0.name, path: $0.path, format: $0.format?.rawValue, bytes: $0.byteCount,
                    complete: $0.isComplete, missing: $0.missing)
            }
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            print(String(decoding: try encoder.encode(rows), as: UTF8.self))
            return
        }
        if models.isEmpty {
            return print("no models in \(options.store.root)")
        }
        let nameWidth = models.map(\.name.count).max() ?? 0
        for model in models {
            let name = model.name.padding(toLength: nameWidth, withPad: " ", startingAt: 0)
            let format = (model.format?.rawValue ?? "-").padding(toLength: 11, withPad: " ", startingAt: 0)
            let size = ByteCount.words(model.byteCount)
            let state = model.isComplete ? "" : "  incomplete: lacks \(model.missing.joined(separator: ", "))"
            let indent = String(repeating: " ", count: max(0, 8 - size.count))
            print("\(name)  \(format)  \(indent)\(size)  \(model.path)\(state)")
        }
    }
}
