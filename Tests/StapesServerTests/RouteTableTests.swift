import StapesAPI
import StapesServer
import Testing

@Suite("Route table")
struct RouteTableTests {
    private let table = RouteTable([
        Route("GET", "/v1/models"), Route("GET", "/v1/models/{id}"), Route("POST", "/a"),
    ])

    @Test("Paths have the table's labels, whatever stands for the part in braces; others are one label")
    func labels() {
        #expect(table.label(path: "/v1/models") == "/v1/models")
        #expect(table.label(path: "/v1/models/openai/whisper-base") == "/v1/models/{id}")
        #expect(table.label(path: "/v1/models/") == "other")
        #expect(table.label(path: "/../etc/passwd") == "other")
        #expect(table.label(method: "POST") == "POST")
        #expect(table.label(method: "BREW") == "other")
    }

    @Test("A path knows the methods it takes")
    func methods() {
        #expect(table.methods(path: "/a") == ["POST"])
        #expect(table.methods(path: "/v1/models/x") == ["GET", "HEAD"])
        #expect(table.methods(path: "/b") == [])
    }
}
