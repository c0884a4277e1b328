import StapesModel
import StapesTesting

/// Trained weights in the cache folder, with the other forms of them that happen to be there.
enum RealCheckpoints {
    struct Model: Sendable, CustomStringConvertible {
        let name: String
        let directory: String
        let copies: [String]
        var description: String { name }
    }

    static let present: [Model] = {
        var models: [Model] = []
        if TestModels.hasTinyEnglish { models.append(model("tiny.en", TestModels.tinyEnglish)) }
        if TestModels.hasBase { models.append(model("base", TestModels.base)) }
        return models
    }()

    private static func model(_ name: String, _ directory: String) -> Model {
        let copies = TestModels.otherForms(of: name).filter { (try? CheckpointFormat.detect(directory: $0)) != nil }
        return Model(name: name, directory: directory, copies: copies)
    }
}
