/// What a route does, and how it answers.
struct Operation: Sendable {
    /// An answer that is no failure.
    struct Answer: Sendable {
        var status: Int
        var summary: String
        /// Schemas by type; empty for an answer whose body is not promised.
        var content: [(type: String, schema: JSONDocument)]

        init(_ status: Int, _ summary: String, _ content: [(type: String, schema: JSONDocument)] = []) {
            self.status = status
            self.summary = summary
            self.content = content
        }
    }

    var route: Route
    /// Names the operation for programs that are made from the description.
    var id: String
    var summary: String
    var parameters: [JSONDocument] = []
    /// The schema of a `multipart/form-data` body.
    var form: JSONDocument?
    var answer: Answer
    /// Statuses of failures.
    var failures: [Int] = []
    /// Whether a key is asked for where the server has keys.
    var takesKey = false

    var document: JSONDocument {
        var members: [JSONDocument.Member] = []
        if takesKey { members.append(.init("security", [["key": []], [:]])) }
        if !parameters.isEmpty { members.append(.init("parameters", .array(parameters))) }
        if let form {
            let body: JSONDocument = ["required": true, "content": ["multipart/form-data": ["schema": form]]]
            members.append(.init("requestBody", body))
        }
        let failed = failures.map { JSONDocument.Member("\($0)", ["$ref": "#/components/responses/\($0)"]) }
        members.append(.init("responses", .object([.init("\(answer.status)", answer.document)] + failed)))
        return ["operationId": .string(id), "summary": .string(summary)] + members
    }
}

extension Operation.Answer {
    fileprivate var document: JSONDocument {
        let described: JSONDocument = ["description": .string(summary)]
        guard !content.isEmpty else { return described }
        let types = content.map { JSONDocument.Member($0.type, ["schema": $0.schema]) }
        return described + [.init("content", .object(types))]
    }
}
