import StapesAPI
import Testing

@Suite("JSON documents")
struct JSONDocumentTests {
    @Test("Keys stay in their order, and all kinds of values are written")
    func writing() {
        let document: JSONDocument = [
            "z": 1, "a": [true, .null, .number(0.5), .number(.infinity)], "\"": "line\nend", "empty": [:],
        ]
        #expect(
            document.text == #"{"z": 1, "a": [true, null, 0.5, null], "\"": "line\nend", "empty": {}}"#)
    }

    @Test("What was written is read again, keys sorted")
    func reading() {
        let document: JSONDocument = ["a": [true, false, .null, -3, .number(0.25), "x\u{2028}\0"], "b": ["c": []]]
        #expect(JSONDocument(parsing: document.text) == document)
        #expect(JSONDocument(parsing: #"{"b": 1, "a": 2}"#) == ["a": 2, "b": 1])
    }

    @Test("What is no JSON is nil", arguments: ["", "auto", "{", "[1,]x", "{\"a\" 1}"])
    func noJSON(text: String) {
        #expect(JSONDocument(parsing: text) == nil)
    }

    @Test("A member is found by its key, and only in objects")
    func members() {
        #expect((["a": 1] as JSONDocument)["a"] == 1)
        #expect((["a": 1] as JSONDocument)["b"] == nil)
        #expect((["a"] as JSONDocument)["a"] == nil)
    }
}
