import StapesAPI
import Testing

@Suite("Form fields")
struct FormFieldsTests {
    @Test("A value that comes in pieces, cut inside a letter, is the whole value")
    func pieces() throws {
        var fields = FormFields()
        try fields.begin("prompt")
        for byte in "größe".utf8 { try fields.append([byte]) }
        try fields.end()
        try fields.append(name: "model", value: "base")
        #expect(fields.entries.map(\.name) == ["prompt", "model"])
        #expect(fields.entries.map(\.value) == ["größe", "base"])
    }

    @Test("A value that is no UTF-8 is invalid, and the field is named")
    func invalidText() throws {
        var fields = FormFields()
        try fields.begin("prompt")
        try fields.append([0x61, 0xFF])
        let error = #expect(throws: APIError.self) { try fields.end() }
        #expect(error?.code == .invalidValue)
        #expect(error?.parameter == "prompt")
    }

    @Test("Fields are taken up to the limit in all, and a byte more is too large")
    func limit() throws {
        var fields = FormFields()
        try fields.append(name: "a", value: String(repeating: "x", count: FormFields.byteLimit / 2))
        try fields.append(name: "b", value: String(repeating: "x", count: FormFields.byteLimit / 2 - 3))
        try fields.append(name: "c", value: "")
        let error = #expect(throws: APIError.self) { try fields.append(name: "d", value: "") }
        #expect(error?.code == .bodyTooLarge)
    }
}
