#if Server
    import ArgumentParser
    import Logging
    import Stapes
    import StapesAPI
    import StapesEngine
    import StapesMetrics
    import StapesServer

    /// `stapes serve`: an OpenAI-compatible server.
    struct Serve: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Serve transcriptions over HTTP, as OpenAI's API does.",
            discussion: """
                Endpoints: POST /v1/audio/transcriptions and /v1/audio/translations, GET /v1/models, WebSocket \
                /v1/realtime?intent=transcription, GET /health/live, /health/ready, /metrics, /openapi.json, and a page at /.

                  stapes serve --model base
                  curl http://127.0.0.1:8000/v1/audio/transcriptions -F file=@talk.mp3

                Every option can be set by an environment variable, --max-queue by STAPES_MAX_QUEUE and so on, and in a \
                file given by --config with lines such as "max-queue = 64". The command line comes first, then the \
                environment, then the file.

                SIGTERM and Ctrl-C stop the server in order; a second one stops it at once. Exit status: 0 after an \
                orderly end, 1 if the server cannot start, 2 wrong command line.
                """)

        @Option(help: ArgumentHelp("File with options, one a line.", valueName: "file"))
        var config: String?

        @OptionGroup(title: "Address") var address: AddressFlags
        @OptionGroup(title: "Limits") var limits: LimitFlags
        @OptionGroup(title: "Engine") var engine: EngineFlags

        @Option(
            parsing: .unconditional,
            help: ArgumentHelp(
                "Batch size: rows of a decode step, over all requests. (default: 16)", valueName: "rows"),
            transform: OptionParsing.batchSize)
        var batchSize: Int = 16

        @Option(
            help: ArgumentHelp(
                "Further names under which the model is asked for; may be repeated.", valueName: "name"))
        var servedModelName: [String] = []

        @Option(help: ArgumentHelp("How log lines are written: text or json. (default: text)", valueName: "form"))
        var logFormat: String = "text"

        @Option(
            help: ArgumentHelp(
                "What is logged: trace, debug, info, notice, warning, error or critical. (default: info)",
                valueName: "level"))
        var logLevel: String = "info"

        func validate() throws {
            guard StructuredLog.Form(rawValue: logFormat) != nil else {
                throw ValidationError("unknown log format '\(logFormat)'; give text or json")
            }
            guard Logger.Level(rawValue: logLevel) != nil else {
                throw ValidationError("unknown log level '\(logLevel)'")
            }
        }

        func run() async throws {
            let console = Console.process()
            let registry = MetricsRegistry.server()
            var configuration = try address.configuration()
            limits.apply(to: &configuration)
            try engine.checkDevice()
            let directory = try engine.modelFlags.resolve()
            let logger = logger
            let (flags, rows) = (engine, batchSize)
            let served = try ServedModels(
                directory: directory, name: engine.modelFlags.name, aliases: servedModelName)
            let server: SpeechServer
            do throws(ServerError) {
                server = try SpeechServer(
                    configuration, served: served, logger: logger, registry: registry,
                    onEvent: { event in
                        if case .listening(let host, let port) = event {
                            let name = host.contains(":") ? "[\(host)]" : host
                            console.line("stapes: listening on http://\(name):\(port)")
                        }
                    },
                    load: {
                        let engine = try await TranscriberEngine(
                            flags, maximumBatchSize: rows, metrics: registry, console: console)
                        logger.info("\(engine.facts.summary)")
                        return engine.transcriber
                    })
            } catch {
                throw CommandError(.usage, error.message, cause: error)
            }
            Interrupts.shared.handOver { Task { await server.stop() } }
            do throws(ServerError) {
                try await server.run()
            } catch {
                throw CommandError(error.code == .model ? .model : .input, error.message, cause: error)
            }
        }

        private var logger: Logger {
            let form = StructuredLog.Form(rawValue: logFormat) ?? .text
            var logger = Logger(label: "stapes") { StructuredLog(label: $0, form: form) }
            logger.logLevel = Logger.Level(rawValue: logLevel) ?? .info
            return logger
        }
    }
#endif
