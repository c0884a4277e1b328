import Logging
import StapesServer
import Synchronization
import Testing

@Suite("Log lines")
struct StructuredLogTests {
    private func line(_ form: StructuredLog.Form, _ log: (Logger) -> Void) -> String {
        let lines = Mutex<[String]>([])
        var logger = Logger(label: "test") { label in
            StructuredLog(label: label, form: form) { line in lines.withLock { $0.append(line) } }
        }
        logger[metadataKey: "request_id"] = "req_1"
        log(logger)
        let written = lines.withLock { $0 }
        #expect(written.count == 1)
        return written.first ?? ""
    }

    @Test("Text has the level, the message and the fields in order, quoted where they would be read wrong")
    func text() {
        let line = line(.text) { $0.info("answered", metadata: ["status": "200", "path": "/a b=\"c\""]) }
        #expect(line.hasSuffix(#" info answered path="/a b=\"c\"" request_id=req_1 status=200"# + "\n"))
    }

    @Test("A client's line end stays inside its line")
    func lineEnds() {
        let text = line(.text) { $0.info("a\nb", metadata: ["path": "x\ry"]) }
        #expect(text.filter(\.isNewline).count == 1)
        let json = line(.json) { $0.info("a\nb", metadata: ["path": "x\u{1}y"]) }
        #expect(json.hasSuffix(#""level":"info","message":"a\nb","path":"x\u0001y","request_id":"req_1"}"# + "\n"))
    }
}
