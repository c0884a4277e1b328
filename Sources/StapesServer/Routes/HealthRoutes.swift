import Hummingbird
import StapesAPI

/// For those who watch over processes.
struct HealthRoutes: Sendable {
    let state: ServerState

    /// The process runs and answers.
    func live() -> Response { .json(#"{"status":"ok"}"#) }

    /// The model is loaded and has transcribed something, and the server takes requests.
    func ready() throws(APIError) -> Response {
        _ = try state.speech.service()
        try state.gate.checkOpen()
        return .json(#"{"status":"ready"}"#)
    }
}
