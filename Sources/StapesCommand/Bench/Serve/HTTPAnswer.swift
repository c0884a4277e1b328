/// A whole response.
package struct HTTPAnswer: Sendable, Equatable {
    package let status: Int
    /// Names in lower case; fields that came several times are joined by commas.
    package let fields: [String: String]
    package var body: [UInt8]
    /// Whether the connection can take the next request.
    package let keepsAlive: Bool

    package init(status: Int, fields: [String: String], body: [UInt8], keepsAlive: Bool) {
        self.status = status
        self.fields = fields
        self.body = body
        self.keepsAlive = keepsAlive
    }

    /// How long the server asks to be left alone; the form with a date is not read.
    package var retryAfterSeconds: Double? {
        fields["retry-after"].flatMap { Double($0) }.map { max(0, $0) }
    }
}
