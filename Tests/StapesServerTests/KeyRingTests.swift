import StapesServer
import Testing

@Suite("Keys")
struct KeyRingTests {
    @Test(
        "Only a whole key is accepted",
        arguments: [
            ("secret", true), ("another", true), ("", false), ("secre", false), ("secrets", false), ("Secret", false),
            ("secretanother", false), ("\0", false),
        ])
    func accepts(candidate: String, isRight: Bool) {
        #expect(KeyRing(["secret", "another"]).accepts(candidate) == isRight)
    }

    @Test("A server without keys has an empty ring, which accepts nothing")
    func empty() {
        #expect(KeyRing([]).isEmpty)
        #expect(!KeyRing([]).accepts(""))
    }
}

@Suite("Server configuration")
struct ServerConfigurationTests {
    @Test("An address that others reach needs a key or a permission", arguments: ["0.0.0.0", "::", "192.0.2.1"])
    func publicAddress(host: String) throws {
        var configuration = ServerConfiguration()
        configuration.host = host
        #expect(throws: ServerError.self) { try configuration.check() }
        configuration.allowsPublicWithoutKey = true
        try configuration.check()
        configuration.allowsPublicWithoutKey = false
        configuration.keys = ["secret"]
        try configuration.check()
    }

    @Test("This machine's own addresses need none", arguments: ["127.0.0.1", "localhost", "::1", "127.1.2.3"])
    func ownAddress(host: String) throws {
        var configuration = ServerConfiguration()
        configuration.host = host
        try configuration.check()
    }

    @Test("Limits that let nothing in, empty keys and times that never come are refused")
    func nonsense() {
        func isRefused(_ change: (inout ServerConfiguration) -> Void) -> Bool {
            var configuration = ServerConfiguration()
            change(&configuration)
            do {
                try configuration.check()
                return false
            } catch {
                return error.code == .configuration
            }
        }
        #expect(isRefused { $0.keys = [""] })
        #expect(isRefused { $0.port = 65536 })
        #expect(isRefused { $0.drainSeconds = -1 })
        #expect(isRefused { $0.limits.bodyBytes = 0 })
        #expect(isRefused { $0.limits.activeRequests = 0 })
        #expect(isRefused { $0.limits.queuedRequests = -1 })
        #expect(isRefused { $0.limits.audioSeconds = .infinity })
        #expect(isRefused { $0.limits.headSeconds = 0 })
        #expect(!isRefused { $0.limits.queuedRequests = 0 })
    }
}
