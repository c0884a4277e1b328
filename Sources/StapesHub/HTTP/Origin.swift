import Foundation

/// Scheme, host and port: what a token may be sent to.
struct Origin: Hashable, Sendable {
    let scheme: String
    let host: String
    let port: Int

    init?(_ url: URL) {
        guard let scheme = url.scheme?.lowercased(), let host = url.host()?.lowercased() else { return nil }
        guard scheme == "http" || scheme == "https" else { return nil }
        self.scheme = scheme
        self.host = host
        port = url.port ?? (scheme == "https" ? 443 : 80)
    }
}

extension URL {
    /// Fit for messages and manifests: without user, password and query, which may be secrets.
    var publicDescription: String {
        guard var parts = URLComponents(url: self, resolvingAgainstBaseURL: true) else {
            return "an unreadable address"
        }
        (parts.user, parts.password, parts.query, parts.fragment) = (nil, nil, nil, nil)
        return parts.string ?? "an unreadable address"
    }
}
