import Stapes
import StapesAPI
import Testing

@Suite("The interface's description")
struct OpenAPITests {
    private static let document = JSONDocument(parsing: OpenAPI.json(version: "1.2.3")) ?? .null

    private static func members(_ document: JSONDocument?) -> [JSONDocument.Member] {
        guard case .object(let members) = document else { return [] }
        return members
    }

    /// All references, wherever they stand.
    private static func references(_ document: JSONDocument) -> [String] {
        switch document {
        case .object(let members):
            members.flatMap { member -> [String] in
                if member.key == "$ref", case .string(let target) = member.value { return [target] }
                return references(member.value)
            }
        case .array(let values): values.flatMap(references)
        default: []
        }
    }

    private static func schema(_ name: String) -> JSONDocument? {
        document["components"]?["schemas"]?[name]
    }

    private static func form() -> JSONDocument? {
        document["paths"]?["/v1/audio/transcriptions"]?["post"]?["requestBody"]?["content"]?["multipart/form-data"]?[
            "schema"]
    }

    @Test("It is JSON and says which version it is of")
    func head() {
        #expect(Self.document["openapi"] == "3.1.0")
        #expect(Self.document["info"]?["version"] == "1.2.3")
    }

    @Test("It describes the routes and no others")
    func routes() {
        let described = Self.members(Self.document["paths"]).flatMap { path in
            Self.members(path.value).map { Route($0.key.uppercased(), path.key) }
        }
        #expect(Set(described) == Set(OpenAPI.routes))
        #expect(described.count == OpenAPI.routes.count)
        #expect(
            Set(OpenAPI.routes.map(\.description)) == [
                "POST /v1/audio/transcriptions", "POST /v1/audio/translations", "GET /v1/models",
                "GET /v1/models/{id}", "GET /v1/realtime", "GET /health/live", "GET /health/ready", "GET /metrics",
                "GET /openapi.json", "GET /",
            ])
    }

    @Test("Every reference leads somewhere, and every schema and failure is referred to")
    func references() {
        let references = Set(Self.references(Self.document))
        let targets = ["schemas", "responses"].flatMap { kind in
            Self.members(Self.document["components"]?[kind]).map { "#/components/\(kind)/\($0.key)" }
        }
        #expect(targets.count > 15)
        #expect(references.isSubset(of: targets))
        #expect(Set(targets).subtracting(references) == ["#/components/schemas/StreamEvent"])
    }

    @Test("Speech has every failure that its errors can be")
    func failures() {
        let answers = Self.document["paths"]?["/v1/audio/translations"]?["post"]?["responses"]
        let statuses = Set(APIError.Code.allCases.map { "\(APIError($0, "").status)" }).subtracting(["405", "426"])
        #expect(Set(Self.members(answers).map(\.key)) == statuses.union(["200"]))
    }

    @Test("A session asks for an upgrade, and the root is a page")
    func otherAnswers() {
        let paths = Self.document["paths"]
        #expect(paths?["/v1/realtime"]?["get"]?["responses"]?["426"] != nil)
        #expect(paths?["/"]?["get"]?["responses"]?["200"]?["content"]?["text/html"] != nil)
    }

    @Test("The form has every field that is taken, and only the file is required")
    func fields() {
        let taken = FormField.all.filter { $0.kind != .refused }.map(\.wireName)
        #expect(Set(Self.members(Self.form()?["properties"]).map(\.key)) == Set(taken))
        #expect(Self.form()?["required"] == ["file"])
        #expect(Set(taken).count == taken.count)
    }

    @Test("A field's type, range and default are the table's")
    func fieldSchemas() {
        let properties = Self.form()?["properties"]
        #expect(properties?["priority"]?["type"] == "integer")
        #expect(properties?["priority"]?["minimum"] == -100)
        #expect(properties?["stream"]?["default"] == false)
        #expect(properties?["response_format"]?["default"] == "json")
        #expect(properties?["timestamp_granularities[]"]?["default"] == ["segment"])
        #expect(properties?["file"]?["format"] == "binary")
    }

    @Test("What is answered has the members that its schema requires, and no other than it names")
    func answers() throws {
        let fields = [("response_format", "verbose_json"), ("timestamp_granularities", "word,segment")]
        let verbose = try JSONDocument(parsing: Self.answer(fields))
        let plain = try JSONDocument(parsing: Self.answer([("include[]", "logprobs")]))
        Self.expect(verbose, "VerboseTranscript")
        Self.expect(plain, "Transcript")
        guard case .array(let segments) = verbose?["segments"], case .array(let words) = verbose?["words"],
            case .array(let probabilities) = plain?["logprobs"]
        else {
            Issue.record("no lists")
            return
        }
        Self.expect(segments.first, "Segment")
        Self.expect(words.first, "Word")
        Self.expect(probabilities.first, "LogProbability")
        Self.expect(JSONDocument(parsing: ModelList.json(SampleTranscript.served)), "ModelList")
        Self.expect(JSONDocument(parsing: ModelList.json(SampleTranscript.served.models[0])), "Model")
        Self.expect(JSONDocument(parsing: ErrorBody.json(APIError(.queueFull, "later"))), "Error")
    }

    private static func answer(_ fields: [(String, String)]) throws -> String {
        var form = FormFields()
        for (name, value) in fields { try form.append(name: name, value: value) }
        let request = try SpeechRequest(fields: form, endpoint: .transcription, served: SampleTranscript.served)
        let probability = TokenLogProbability(token: "a", bytes: [97], logProbability: -1)
        return TranscriptBody(SampleTranscript.transcription, for: request, logProbabilities: [probability]).text
    }

    private static func expect(
        _ document: JSONDocument?, _ name: String, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let keys = Set(members(document).map(\.key))
        guard case .array(let required) = schema(name)?["required"] else {
            Issue.record("no schema \(name)", sourceLocation: sourceLocation)
            return
        }
        let known = Set(members(schema(name)?["properties"]).map(\.key))
        #expect(!keys.isEmpty && keys.isSubset(of: known), sourceLocation: sourceLocation)
        for case .string(let key) in required { #expect(keys.contains(key), sourceLocation: sourceLocation) }
    }
}
