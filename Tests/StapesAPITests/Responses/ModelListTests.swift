import StapesAPI
import Testing

@Suite("Lists of models")
struct ModelListTests {
    private static let model =
        #"{"id": "base", "object": "model", "created": 5, "owned_by": "openai", "task": "automatic-speech-recognition", "#
        + #""aliases": [], "languages": ["en", "de"], "multilingual": true}"#

    @Test("A model has OpenAI's keys and what else is known of it")
    func model() {
        #expect(ModelList.json(SampleTranscript.served.models[0]) == Self.model)
    }

    @Test("A list holds the models, or none")
    func list() {
        #expect(ModelList.json(SampleTranscript.served) == #"{"object": "list", "data": [\#(Self.model)]}"#)
        #expect(ModelList.json(ServedModels([])) == #"{"object": "list", "data": []}"#)
    }
}
