import HTTPTypes
import Hummingbird
import StapesAPI

/// Lets in who shows a key. It stands before the API's routes alone: monitoring and the page have nothing to hide, and
/// the page's own requests bring it.
struct AuthenticationMiddleware: RouterMiddleware {
    let keys: KeyRing

    func handle(
        _ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        guard keys.isEmpty || Self.isLetIn(request.headers, keys) else { throw Self.refusal }
        return try await next(request, context)
    }

    static let refusal = APIError(
        .invalidKey, "Incorrect API key provided: send it as 'Authorization: Bearer KEY'.")

    /// A bearer's key, or one in the headers that other servers of this kind read, or as a WebSocket's subprotocol, where
    /// browsers can set nothing else.
    static func isLetIn(_ headers: HTTPFields, _ keys: KeyRing) -> Bool {
        if let value = headers[.authorization] {
            let parts = value.split(separator: " ", maxSplits: 1)
            if parts.count == 2, parts[0].lowercased() == "bearer" {
                return keys.accepts(parts[1].drop { $0 == " " })
            }
        }
        for name in ["x-api-key", "api-key"] {
            if let name = HTTPField.Name(name), let value = headers[name] { return keys.accepts(value) }
        }
        let prefix = "openai-insecure-api-key."
        return headers[values: .secWebSocketProtocol].flatMap { $0.split(separator: ",") }
            .map { $0.drop { $0 == " " } }
            .contains { $0.hasPrefix(prefix) && keys.accepts($0.dropFirst(prefix.count)) }
    }
}
