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

    /// Those with copies. One that cannot be opened is among them: a broken conversion is a failure.
    static let copied = present.filter { !$0.copies.isEmpty }

    private static func model(_ name: String, _ directory: String) -> Model {
        Model(name: name, directory: directory, copies: TestModels.otherForms(of: name))
    }
}
