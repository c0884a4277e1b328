import FoundationEssentials

/// A server and the folder of its addresses that the API is under.
package struct ServeTarget: Sendable, Hashable {
    package let isSecure: Bool
    /// Without the brackets of an IPv6 address.
    package let host: String
    package let port: Int
    /// Ends in `/v1`.
    package let basePath: String

    /// - Parameter text: `http://host:port`, with or without the `/v1` that clients take.
    /// - Throws: `CommandError.Code.usage`
    package init(_ text: String) throws(CommandError) {
        guard let url = URL(string: text), let scheme = url.scheme?.lowercased(), scheme == "http" || scheme == "https",
            let host = url.host(), !host.isEmpty, url.user() == nil, url.query() == nil, url.fragment() == nil,
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { throw CommandError(.usage, "'\(text)' is no address of a server; give one as in http://127.0.0.1:8000") }
        isSecure = scheme == "https"
        self.host = host.filter { $0 != "[" && $0 != "]" }
        port = url.port ?? (isSecure ? 443 : 80)
        var path = url.path(percentEncoded: true)
        while path.hasSuffix("/") { path.removeLast() }
        basePath = path.hasSuffix("/v1") ? path : path + "/v1"
    }

    /// Host and port as the `Host` field has them.
    package var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
    }

    package var address: String { "\(isSecure ? "https" : "http")://\(authority)\(basePath)" }
}
