import Foundation

#if Downloads
    import FoundationNetworking
#endif

/// A response without its body.
struct HTTPHead: Sendable {
    let status: Int
    /// Names in lower case.
    private let fields: [String: String]

    init(status: Int, fields: [String: String]) {
        self.status = status
        self.fields = Dictionary(
            fields.map { ($0.key.lowercased(), $0.value) }, uniquingKeysWith: { first, _ in first })
    }

    #if Downloads
        init(_ response: HTTPURLResponse) {
            var fields: [String: String] = [:]
            for case (let name as String, let value as String) in response.allHeaderFields { fields[name] = value }
            self.init(status: response.statusCode, fields: fields)
        }
    #endif

    subscript(name: String) -> String? { fields[name] }

    var isRedirect: Bool { [301, 302, 303, 307, 308].contains(status) }

    /// How long the host asks to be left alone, at most a minute; the form with a date is not read.
    var retryAfter: Duration? {
        self["retry-after"].flatMap { Int($0) }.map { .seconds(min(max($0, 0), 60)) }
    }
}
