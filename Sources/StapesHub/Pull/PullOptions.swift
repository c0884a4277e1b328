import Foundation

/// How to pull. The defaults follow the environment variables that Hugging Face's own tools read.
package struct PullOptions: Sendable {
    /// `$HF_ENDPOINT`, else `https://huggingface.co`; a mirror may have a path.
    package var endpoint: String
    /// A branch, tag or commit.
    package var revision = "main"
    /// `$HF_TOKEN`; sent to the endpoint's host only.
    package var token: String?
    /// Fail instead of touching the network; also `$HF_HUB_OFFLINE`.
    package var isOffline: Bool
    /// Pull again what is there already.
    package var isForced = false
    package var timeouts = PullTimeouts()
    /// Failures in a row, without a new byte, after which a file is given up.
    package var attempts = 5
    /// Before the first retry; doubles with each, up to 16 times this.
    package var retryDelay = Duration.milliseconds(500)

    package init(environment: [String: String] = ProcessInfo.processInfo.environment) {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        endpoint = value("HF_ENDPOINT") ?? "https://huggingface.co"
        token = value("HF_TOKEN")
        isOffline = ["1", "true", "yes", "on"].contains(value("HF_HUB_OFFLINE")?.lowercased())
    }
}
