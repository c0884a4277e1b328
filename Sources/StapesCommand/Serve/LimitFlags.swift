#if Server
    import ArgumentParser
    import StapesServer

    /// What the server takes on.
    struct LimitFlags: ParsableArguments {
        @Option(
            help: ArgumentHelp("Bytes of a request at most, as 25M or 2G. (default: 512M)", valueName: "bytes"),
            transform: OptionParsing.byteCount)
        var maxUploadSize: Int = ServerLimits().bodyBytes

        @Option(help: ArgumentHelp("Seconds of audio of a request at most. (default: 14400)", valueName: "seconds"))
        var maxAudioSeconds = ServerLimits().audioSeconds

        @Option(help: ArgumentHelp("Uploads at a time. (default: 64)", valueName: "count"))
        var maxUploads = ServerLimits().uploads

        @Option(
            help: ArgumentHelp("Bytes of all uploads together, in memory and files. (default: 4G)", valueName: "bytes"),
            transform: OptionParsing.byteCount)
        var maxSpoolSize: Int = ServerLimits().spoolBytes

        @Option(help: ArgumentHelp("Folder for uploads too large for memory. (default: /tmp)", valueName: "folder"))
        var spoolDir: String?

        @Option(help: ArgumentHelp("Connections at a time. (default: 1024)", valueName: "count"))
        var maxConnections = ServerLimits().connections

        @Option(help: ArgumentHelp("Requests that are worked on at a time. (default: 32)", valueName: "count"))
        var maxRequests = ServerLimits().activeRequests

        @Option(
            help: ArgumentHelp(
                "Memory for the audio of all requests that are worked on; the others wait. (default: 4G)",
                valueName: "bytes"), transform: OptionParsing.byteCount)
        var maxAudioMemory: Int = ServerLimits().activeBytes

        @Option(help: ArgumentHelp("Requests that may wait; more are answered 429. (default: 256)", valueName: "count"))
        var maxQueue = ServerLimits().queuedRequests

        @Option(help: ArgumentHelp("Seconds for a request's work; 0 sets no limit. (default: 0)", valueName: "seconds"))
        var requestTimeout = 0.0

        @Option(
            help: ArgumentHelp("Seconds in which a request's head has to come. (default: 10)", valueName: "seconds"))
        var headTimeout = ServerLimits().headSeconds

        @Option(help: ArgumentHelp("Seconds for which a connection may be silent. (default: 60)", valueName: "seconds"))
        var idleTimeout = ServerLimits().idleSeconds

        @Option(help: ArgumentHelp("Realtime sessions at a time. (default: 16)", valueName: "count"))
        var maxRealtimeSessions = ServerLimits().realtimeSessions

        @Option(
            help: ArgumentHelp(
                "Seconds without a message that end a realtime session. (default: 300)", valueName: "seconds"))
        var realtimeIdleTimeout = ServerLimits().realtimeIdleSeconds

        func apply(to configuration: inout ServerConfiguration) {
            var limits = ServerLimits()
            limits.bodyBytes = maxUploadSize
            limits.audioSeconds = maxAudioSeconds
            limits.uploads = maxUploads
            limits.spoolBytes = maxSpoolSize
            limits.connections = maxConnections
            limits.activeRequests = maxRequests
            limits.activeBytes = maxAudioMemory
            limits.queuedRequests = maxQueue
            limits.requestSeconds = requestTimeout == 0 ? nil : requestTimeout
            limits.headSeconds = headTimeout
            limits.idleSeconds = idleTimeout
            limits.realtimeSessions = maxRealtimeSessions
            limits.realtimeIdleSeconds = realtimeIdleTimeout
            configuration.limits = limits
            configuration.spoolDirectory = spoolDir
        }
    }
#endif
