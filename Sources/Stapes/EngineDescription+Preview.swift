import StapesEngine
import StapesModel
import StapesTokenizer

extension EngineDescription {
    /// What an engine of a model in this shape would say of itself. There need be no such model.
    ///
    /// - Throws: `unavailable`, `invalidOption`.
    package init(_ wishes: TranscriberConfiguration, model: ModelConfiguration) throws(StapesError) {
        let special = SpecialTokens(vocabularySize: model.vocabularySize)
        let configuration = try EngineConfiguration(wishes, special: special)
        do throws(EngineError) {
            try self.init(configuration, model: model)
        } catch {
            throw StapesError(error)
        }
    }

    /// What a transcriber would say of itself. The model's files are opened and checked as for a transcriber, but no
    /// weight is loaded.
    ///
    /// - Throws: `model`, `unavailable`, `invalidOption`.
    package init(previewOf wishes: TranscriberConfiguration) throws(StapesError) {
        let model: ModelConfiguration
        do throws(ModelError) {
            model = try Checkpoint(directory: wishes.modelDirectory).configuration
        } catch {
            throw StapesError(error)
        }
        do throws(TokenizerError) {
            _ = try Tokenizer(directory: wishes.modelDirectory, vocabularySize: model.vocabularySize)
        } catch {
            throw StapesError(error)
        }
        try self.init(wishes, model: model)
    }
}
