#if Server
    import ArgumentParser
    import FoundationEssentials
    import StapesServer

    /// Where the server listens, and who is let in.
    struct AddressFlags: ParsableArguments {
        @Option(help: ArgumentHelp("Name or address to listen on. (default: 127.0.0.1)", valueName: "host"))
        var host = "127.0.0.1"

        @Option(help: ArgumentHelp("Port to listen on; 0 takes a free one. (default: 8000)", valueName: "port"))
        var port = 8000

        @Option(
            help: ArgumentHelp(
                "Key that clients have to send; may be repeated. It shows in the list of processes; the file and STAPES_API_KEY do not.",
                valueName: "key"))
        var apiKey: [String] = []

        @Option(help: ArgumentHelp("File with a key a line.", valueName: "file"))
        var apiKeyFile: String?

        @Flag(help: "Listen on an address that other machines reach, with no key.")
        var allowPublic = false

        @Option(
            help: ArgumentHelp(
                "Seconds in which requests may be finished when the server is stopped. (default: 30)",
                valueName: "seconds"))
        var drainSeconds = 30.0

        /// - Throws: `input` if the file of keys cannot be read or has none.
        func configuration() throws(CommandError) -> ServerConfiguration {
            var configuration = ServerConfiguration()
            configuration.host = host
            configuration.version = Version.current
            configuration.port = port
            configuration.allowsPublicWithoutKey = allowPublic
            configuration.drainSeconds = drainSeconds
            configuration.keys = apiKey + (try keysOfFile())
            return configuration
        }

        private func keysOfFile() throws(CommandError) -> [String] {
            guard let apiKeyFile else { return [] }
            guard let data = FileManager.default.contents(atPath: apiKeyFile) else {
                throw CommandError(.input, "\(apiKeyFile): cannot be read")
            }
            let keys = String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline)
                .map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
            // A file that should have a key in it must not open the server to everybody.
            guard !keys.isEmpty else { throw CommandError(.input, "\(apiKeyFile): there is no key in it") }
            return keys
        }
    }
#endif
