/// One file's request, made once and sent as it is by every worker.
package struct ServeRequest: Sendable {
    package let path: String
    package let fields: [(name: String, value: String)]
    /// Head and body, as they go over the wire.
    package let bytes: [UInt8]
    private let headByteCount: Int

    package var body: ArraySlice<UInt8> { bytes[headByteCount...] }

    /// - Parameters:
    ///   - form: the form's fields, which come before the file, as the Python client sends them.
    ///   - fileName: told to the server, which may take it for a hint.
    package init(
        to target: ServeTarget, endpoint: String, apiKey: String?, form: [(name: String, value: String)],
        fileName: String, file: [UInt8]
    ) {
        let boundary = "stapes-" + (0..<2).map { _ in String(UInt64.random(in: .min ... .max), radix: 16) }.joined()
        var body: [UInt8] = []
        func part(_ disposition: String) -> [UInt8] {
            Array("--\(boundary)\r\nContent-Disposition: form-data; \(disposition)\r\n".utf8)
        }
        for (name, value) in form {
            body += part("name=\"\(Self.escaped(name))\"") + Array("\r\n\(value)\r\n".utf8)
        }
        body += part("name=\"file\"; filename=\"\(Self.escaped(fileName))\"")
        body += Array("Content-Type: application/octet-stream\r\n\r\n".utf8) + file
        body += Array("\r\n--\(boundary)--\r\n".utf8)

        path = target.basePath + endpoint
        var fields = [
            ("Host", target.authority), ("User-Agent", "stapes/\(Version.current)"), ("Accept", "application/json"),
            ("Content-Type", "multipart/form-data; boundary=\(boundary)"), ("Content-Length", "\(body.count)"),
        ]
        if let apiKey { fields.append(("Authorization", "Bearer \(apiKey)")) }
        self.fields = fields.map { (name: $0.0, value: $0.1) }
        let head = "POST \(path) HTTP/1.1\r\n" + fields.map { "\($0.0): \($0.1)\r\n" }.joined() + "\r\n"
        headByteCount = head.utf8.count
        bytes = Array(head.utf8) + body
    }

    /// As browsers write names in a form.
    private static func escaped(_ name: String) -> String {
        name.unicodeScalars.map { scalar in
            switch scalar {
            case "\"": "%22"
            case "\r": "%0D"
            case "\n": "%0A"
            default: String(scalar)
            }
        }.joined()
    }
}
