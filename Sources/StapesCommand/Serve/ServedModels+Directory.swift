#if Server
    import FoundationEssentials
    import StapesAPI
    import StapesModel
    import StapesTokenizer

    extension ServedModels {
        /// The one model that is served.
        ///
        /// - Parameters:
        ///   - directory: of its files.
        ///   - name: as it was asked for; of a path the last part.
        /// - Throws: `model` if its files cannot be read.
        init(directory: String, name: String, aliases: [String]) throws(CommandError) {
            do {
                let model = try Checkpoint(directory: directory).configuration
                let tokenizer = try Tokenizer(directory: directory, vocabularySize: model.vocabularySize)
                let isMultilingual = tokenizer.special.isMultilingual
                let isPath = name.hasPrefix("/") || name.hasPrefix(".")
                let id = isPath ? String(name.split(separator: "/").last ?? Substring(name)) : name
                self.init([
                    ServedModel(
                        id: id, aliases: aliases,
                        created: Self.modified("\(directory)/config.json") ?? Self.modified(directory) ?? 0,
                        languages: isMultilingual
                            ? tokenizer.special.languages.compactMap(tokenizer.languageCode) : ["en"],
                        isMultilingual: isMultilingual, isDefault: true)
                ])
            } catch {
                throw CommandError(.model, "\(error)", cause: error)
            }
        }

        /// Seconds since 1970; nil where it cannot be told.
        private static func modified(_ path: String) -> Int? {
            let attributes = try? FileManager.default.attributesOfItem(atPath: path)
            let date = attributes?[.modificationDate] as? Date
            return date.map { Int($0.timeIntervalSince1970) }
        }
    }
#endif
