#if Server
    import ArgumentParser
    import FoundationEssentials
    import Testing

    @testable import StapesCommand

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
            let words = Serve.helpMessage(columns: 10_000).split { $0.isWhitespace || $0 == "," }
            let named = Set(words.filter { $0.hasPrefix("--") && $0.count > 2 }.map { String($0.dropFirst(2)) })
                .subtracting(["max-queue\"", "version", "help"])
            let listed = ServeSettings.switches.union(ServeSettings.valued)
            #expect(listed.subtracting(named) == [])
            #expect(named.subtracting(listed).filter { $0.allSatisfy { $0.isLetter || $0 == "-" } } == [])
        }

        @Test("The command line comes before the environment, and that before the file")
        func order() throws {
            let file = "# a comment\nport = 1\nhost=\"::1\"\nmax_queue = 3\nallow-public = true\n"
            let environment = ["STAPES_PORT": "2", "STAPES_MAX_QUEUE": "4", "STAPES_DETERMINISTIC": "0"]
            let arguments = try expand(["serve", "--port", "5"], environment: environment, file: file)
            #expect(arguments == ["serve", "--host=::1", "--max-queue=3", "--allow-public", "--max-queue=4", "--port", "5"])
            let parsed = try Serve.parse(Array(arguments.dropFirst()))
            #expect(parsed.address.port == 5)
            #expect(parsed.limits.maxQueue == 4)
            #expect(parsed.address.host == "::1")
            #expect(parsed.address.allowPublic)
            #expect(!parsed.engine.deterministic)
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
