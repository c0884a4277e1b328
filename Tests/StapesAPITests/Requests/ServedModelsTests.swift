import StapesAPI
import Testing

@Suite("Served models")
struct ServedModelsTests {
    private static let served = ServedModels([
        ServedModel(id: "tiny.en", aliases: ["small-one"], isMultilingual: false),
        ServedModel(id: "base", aliases: ["tiny.en-not"], isDefault: true),
    ])

    @Test(
        "A model is found by its id, its aliases, OpenAI's full name, and as the default",
        arguments: [
            ("tiny.en", "tiny.en"), ("small-one", "tiny.en"), ("openai/whisper-tiny.en", "tiny.en"),
            ("openai/whisper-base", "base"), ("whisper-1", "base"), (nil, "base"),
        ])
    func found(name: String?, id: String) throws {
        #expect(try Self.served.resolve(name).id == id)
    }

    @Test("Another name is not found, and the error says which there are", arguments: ["large", "Base", ""])
    func unknown(name: String) {
        let error = #expect(throws: APIError.self) { try Self.served.resolve(name) }
        #expect(error?.code == .modelNotFound)
        #expect(error?.parameter == "model")
        #expect(error?.message == "the model '\(name)' is not served here; there is tiny.en, base")
    }

    @Test("A model that is called whisper-1 comes before the default")
    func ownName() throws {
        let served = ServedModels([ServedModel(id: "base", isDefault: true), ServedModel(id: "whisper-1")])
        #expect(try served.resolve("whisper-1").id == "whisper-1")
    }

    @Test("Without a default the first is it, and without any nothing is available")
    func noDefault() throws {
        #expect(try ServedModels([ServedModel(id: "a"), ServedModel(id: "b")]).resolve("whisper-1").id == "a")
        let error = #expect(throws: APIError.self) { try ServedModels([]).resolve(nil) }
        #expect(error?.code == .unavailable)
    }
}
