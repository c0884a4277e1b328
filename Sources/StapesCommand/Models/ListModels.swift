import ArgumentParser
import StapesHub

struct ListModels: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List the models in the cache.")

    @OptionGroup var options: StoreFlags
    @Flag(help: "Print JSON: a list with name, path, format, bytes, complete and missing.")
    var json = false

    func run() throws {
        let rows = options.store.list().map(ModelRow.init)
        Console.process().result(json ? try JSONOutput.text(of: rows) : text(of: rows))
    }

    private func text(of rows: [ModelRow]) -> String {
        if rows.isEmpty { return "no models in \(options.store.root)\n" }
        let nameWidth = rows.map(\.name.count).max() ?? 0
        return rows.map { row in
            let name = row.name + Self.spaces(nameWidth - row.name.count)
            let format = row.format ?? "-"
            let size = ByteCount.words(row.bytes)
            let state = row.complete ? "" : "  incomplete: lacks \(row.missing.joined(separator: ", "))"
            return "\(name)  \(format)\(Self.spaces(11 - format.count))  \(Self.spaces(8 - size.count))\(size)  "
                + "\(row.path)\(state)\n"
        }.joined()
    }

    private static func spaces(_ count: Int) -> String { String(repeating: " ", count: max(0, count)) }
}
