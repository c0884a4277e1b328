#if Server
    import ArgumentParser
    import FoundationEssentials
    import Testing

    import StapesCommand

    @Suite("Settings of serve from the environment and a file")
    struct ServeSettingsTests {
        private func expand(
            _ arguments: [String], environment: [String: String] = [:], file: String? = nil
        ) throws -> [String] {
            guard let file else { return try ServeSettings.expand(arguments, environment: environment) }
            let path = "\(FileManager.default.temporaryDirectory.path)/stapes-settings-\(UInt64.random(in: 0 ... .max))"
            try file.write(toFile: path, atomically: true, encoding: .utf8)
            defer { try? FileManager.default.removeItem(atPath: path) }
            return try ServeSettings.expand(arguments + ["--config", path], environment: environment)
                .filter { $0 != "--config" && $0 != path }
        }

        @Test("The lists have each option that the help names, and no other")
        func complete() throws {
            let help: String
            do {
                var command = try Root.parseAsRoot(["serve", "--help"])
                try command.run()
                help = ""
            } catch {
                help = Root.fullMessage(for: error)
            }
            // Options stand at the beginning of a line, after a short form at most.
            let named = Set(
                help.split(whereSeparator: \.isNewline).compactMap { line -> String? in
                    var words = line.split(separator: " ")
                    if let first = words.first, first.hasPrefix("-"), first.hasSuffix(",") { words.removeFirst() }
                    guard line.hasPrefix("  -"), let name = words.first, name.hasPrefix("--") else { return nil }
                    return String(name.dropFirst(2))
                })
            let listed = ServeSettings.switches.union(ServeSettings.valued)
            #expect(named.subtracting(["version", "help"]) == listed)
        }

        @Test("The command line comes before the environment, and that before the file")
        func order() throws {
            let file = "# a comment\nport = 1\nhost=\"::1\"\nmax_queue = 3\nallow-public = true\n"
            let environment = ["STAPES_PORT": "2", "STAPES_MAX_QUEUE": "4", "STAPES_DETERMINISTIC": "0"]
            let arguments = try expand(["serve", "--port", "5"], environment: environment, file: file)
            #expect(arguments == ["serve", "--host=::1", "--allow-public", "--max-queue=4", "--port", "5"])
            _ = try Root.parseAsRoot(arguments)
        }

        @Test("The environment takes the place of the file's switches and lists, and what is empty there is not set")
        func environmentReplacesTheFile() throws {
            let file = "allow-public = true\ndeterministic = true\napi-key = a\napi-key = b\nserved-model-name = c\n"
            let environment = [
                "STAPES_ALLOW_PUBLIC": "false", "STAPES_DETERMINISTIC": "", "STAPES_API_KEY": "d",
                "STAPES_SERVED_MODEL_NAME": "",
            ]
            #expect(
                try expand(["serve"], environment: environment, file: file)
                    == ["serve", "--deterministic", "--served-model-name=c", "--api-key=d"])
        }

        @Test("Other commands and the help take no notice")
        func others() throws {
            let environment = ["STAPES_PORT": "2"]
            for arguments in [["transcribe", "a.wav"], ["serve", "--help"], []] {
                #expect(try expand(arguments, environment: environment) == arguments)
            }
        }

        @Test(
            "A file with a line that means nothing is refused with its number",
            arguments: ["port = 1\nnonsense", "colour = red", "allow-public = perhaps", "config = other"])
        func nonsense(file: String) {
            #expect(throws: CommandError.self) { try expand(["serve"], file: file) }
        }
    }
#endif
