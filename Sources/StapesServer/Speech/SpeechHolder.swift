import StapesAPI
import Synchronization

/// The model once it is there.
final class SpeechHolder: Sendable {
    private let held = Mutex<(any SpeechService)?>(nil)

    func ready(_ service: any SpeechService) { held.withLock { $0 = service } }

    /// - Throws: `unavailable`.
    func service() throws(APIError) -> any SpeechService {
        guard let service = held.withLock({ $0 }) else {
            throw APIError(.unavailable, "The model is being loaded; try again soon.")
        }
        return service
    }
}
