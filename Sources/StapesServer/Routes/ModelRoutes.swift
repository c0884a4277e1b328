import Hummingbird
import StapesAPI

/// Which models are served.
struct ModelRoutes: Sendable {
    let state: ServerState

    func list() -> Response { .json(ModelList.json(state.served)) }

    /// - Parameter id: may have slashes.
    func model(id: String) throws(APIError) -> Response {
        .json(ModelList.json(try state.served.resolve(id.removingPercentEncoding ?? id)))
    }
}

extension Response {
    static func json(_ text: String) -> Response {
        Response(
            status: .ok, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}
