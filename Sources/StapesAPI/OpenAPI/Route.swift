/// A method and a path that are answered. What stands in braces in a path may be anything.
package struct Route: Sendable, Hashable, CustomStringConvertible {
    package let method: String
    package let path: String

    package init(_ method: String, _ path: String) {
        self.method = method
        self.path = path
    }

    package var description: String { "\(method) \(path)" }
}
