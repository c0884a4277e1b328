import StapesDecoding

/// Values as the table has them. All are nil, or empty, for a field that is missing or blank, and throw `invalidValue`
/// with the field for a value that is not taken.
extension FormFields {
    func text(_ field: FormField) -> String? { value(field.name) }

    func flag(_ field: FormField) throws(APIError) -> Bool? {
        guard let word = word(field) else { return nil }
        switch word.lowercased() {
        case "true", "1": return true
        case "false", "0": return false
        default: throw field.error("\(word.quoted) is not true or false")
        }
    }

    func choice(_ field: FormField) throws(APIError) -> String? {
        guard case .choice(let known) = field.kind else { preconditionFailure("\(field.name) is no choice") }
        guard let word = word(field) else { return nil }
        return try Self.check(word, in: known, of: field)
    }

    func choices(_ field: FormField) throws(APIError) -> [String] {
        guard case .choices(let known) = field.kind else { preconditionFailure("\(field.name) is no list of choices") }
        let words = values(field.name).flatMap { $0.split(separator: ",") }
        return try words.map { (word) throws(APIError) in
            try Self.check(String(word).strippingWhitespace(), in: known, of: field)
        }
    }

    func texts(_ field: FormField) -> [String] { values(field.name) }

    func integer(_ field: FormField) throws(APIError) -> Int? {
        guard case .integer(let range) = field.kind else { preconditionFailure("\(field.name) is no integer") }
        guard let word = word(field) else { return nil }
        guard let value = Int(word), range.contains(value) else {
            throw field.error("\(word.quoted) is no whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    func number(_ field: FormField) throws(APIError) -> Double? {
        guard case .number(let range) = field.kind else { preconditionFailure("\(field.name) is no number") }
        guard let word = word(field) else { return nil }
        guard let value = Double(word), range.contains(value) else {
            throw field.error("\(word.quoted) is no number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// Sets a limit that the field gives, or takes it away, where it does either.
    func read(limit field: FormField, into limit: inout Double?) throws(APIError) {
        guard let word = word(field) else { return }
        if word.lowercased() == "none" || word.lowercased() == "null" {
            limit = nil
            return
        }
        limit = try Self.number(word, of: field)
    }

    func integers(_ field: FormField) throws(APIError) -> [Int] {
        try values(field.name).map { (word) throws(APIError) in
            guard let value = Int(word), value >= -1 else {
                throw field.error("\(word.quoted) is no token id; give whole numbers separated by commas")
            }
            return value
        }
    }

    func numbers(_ field: FormField) throws(APIError) -> [Double] {
        try values(field.name).map { (word) throws(APIError) in try Self.number(word, of: field) }
    }

    private func word(_ field: FormField) -> String? { value(field.name)?.strippingWhitespace() }

    private static func number(_ word: String, of field: FormField) throws(APIError) -> Double {
        guard let value = Double(word), value.isFinite else { throw field.error("\(word.quoted) is no number") }
        return value
    }

    private static func check(_ word: String, in known: [String], of field: FormField) throws(APIError) -> String {
        guard known.contains(word) else {
            throw field.error("\(word.quoted) is not known; give \(known.joined(separator: ", "))")
        }
        return word
    }
}

extension FormField {
    /// - Parameter reason: goes on after the field's name.
    func error(_ reason: String) -> APIError {
        APIError(.invalidValue, "\(name): \(reason)", parameter: name)
    }
}
