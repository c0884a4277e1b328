/// The text between the parts of a `multipart/form-data` body.
package struct MultipartBoundary: Sendable, Hashable {
    package let text: String

    /// - Parameter contentType: the request's `Content-Type`; nil if it has none.
    /// - Throws: `unsupportedMediaType` for another type, or one without a boundary of 1 to 70 printable letters.
    package init(contentType: String?) throws(APIError) {
        let value = HeaderValue(contentType ?? "")
        guard value.main == "multipart/form-data" else {
            throw APIError(.unsupportedMediaType, "the body is to be multipart/form-data")
        }
        guard let text = value.parameters["boundary"], (1...70).contains(text.utf8.count),
            text.utf8.allSatisfy({ (0x20...0x7E).contains($0) })
        else {
            throw APIError(.unsupportedMediaType, "multipart/form-data needs a boundary of 1 to 70 letters")
        }
        self.text = text
    }
}
