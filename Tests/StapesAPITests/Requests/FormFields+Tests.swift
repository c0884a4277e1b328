import StapesAPI

extension FormFields {
    /// Adds a whole field.
    mutating func append(name: String, value: String) throws(APIError) {
        try begin(name)
        try append(Array(value.utf8))
        try end()
    }
}
