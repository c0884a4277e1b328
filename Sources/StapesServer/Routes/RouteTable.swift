import StapesAPI

/// Which paths and methods there are.
package struct RouteTable: Sendable {
    private let routes: [Route]

    package init(_ routes: [Route]) { self.routes = routes }

    /// The path as the table writes it, so that metrics have few names; what is not there is `other`.
    package func label(path: String) -> String {
        routes.first { Self.matches($0.path, path) }?.path ?? "other"
    }

    package func label(method: String) -> String {
        routes.contains { $0.method == method } || method == "HEAD" ? method : "other"
    }

    /// The methods that a path takes.
    package func methods(path: String) -> [String] {
        routes.filter { Self.matches($0.path, path) }.flatMap { $0.method == "GET" ? ["GET", "HEAD"] : [$0.method] }
    }

    /// A last part in braces stands for anything, slashes included.
    private static func matches(_ pattern: String, _ path: String) -> Bool {
        guard let brace = pattern.firstIndex(of: "{") else { return pattern == path }
        let prefix = pattern[..<brace]
        return path.hasPrefix(prefix) && path.utf8.count > prefix.utf8.count
    }
}
