import HTTPTypes
import Hummingbird
import NIOHTTP1
import StapesAPI
import Synchronization

/// Decides who gets a realtime session, and counts those that there are.
final class RealtimeAdmission: Sendable {
    let state: ServerState
    private let keys: KeyRing
    private let count = Mutex(0)

    init(state: ServerState) {
        self.state = state
        keys = KeyRing(state.configuration.keys)
    }

    static let path = "/v1/realtime"

    /// What a client asks for when it connects.
    struct Request: Sendable, Hashable {
        /// The model's id, until the session says otherwise.
        let model: String
        let requestID: String
    }

    /// - Parameter query: of the request's URL, without the question mark.
    /// - Throws: what the same request without an upgrade is answered.
    func check(_ headers: HTTPFields, query: String?) throws(APIError) -> Request {
        guard keys.isEmpty || AuthenticationMiddleware.isLetIn(headers, keys) else {
            throw AuthenticationMiddleware.refusal
        }
        _ = try state.speech.service()
        try state.gate.checkOpen()
        let parameters = Self.parameters(query)
        if let intent = parameters["intent"], intent != "transcription" {
            throw APIError(.invalidValue, "This server transcribes; it does not \(intent.quoted).", parameter: "intent")
        }
        let model = try state.served.resolve(parameters["model"]).id
        guard count.withLock({ $0 < state.limits.realtimeSessions }) else {
            throw APIError(.queueFull, "Too many realtime sessions at once; try again later.")
        }
        return Request(
            model: model, requestID: RequestScope.id(proposed: headers[RequestScope.idHeader]))
    }

    private static func parameters(_ query: String?) -> [String: String] {
        var parameters: [String: String] = [:]
        for pair in (query ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map {
                let text = String($0).replacing("+", with: " ")
                return text.removingPercentEncoding ?? text
            }
            parameters[parts[0]] = parts.count > 1 ? parts[1] : ""
        }
        return parameters
    }

    /// Works while the session counts. Two that were let in at once may be one too many: the last is turned away.
    ///
    /// - Returns: false if there was no room.
    func hold(_ work: () async -> Void) async -> Bool {
        let held = change(by: 1)
        defer { _ = change(by: -1) }
        guard held <= state.limits.realtimeSessions else { return false }
        await work()
        return true
    }

    private func change(by difference: Int) -> Int {
        count.withLock { count in
            count += difference
            state.metrics.realtimeSessions(count)
            return count
        }
    }
}
